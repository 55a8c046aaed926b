/* cmocka with the headers it wants before it. */
#ifndef LK_TEST_CMOCKA_H
#define LK_TEST_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
