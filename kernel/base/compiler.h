/* What we ask of the compiler (GCC and Clang): attributes, nothing else. */
#ifndef LK_BASE_COMPILER_H
#define LK_BASE_COMPILER_H

#define LK_MUST_USE          __attribute__((warn_unused_result))
#define LK_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define LK_NORETURN          __attribute__((noreturn))

/* Declares the cleanup where the value is born, so that an early return is the
 * normal way out:  LK_CLEANUP(lk_buf_done) struct lk_buf body = LK_BUF_INIT(4096);
 * The function receives a pointer to the variable and must accept the value it
 * was initialised with. */
#define LK_CLEANUP(fn) __attribute__((cleanup(fn)))

#define LK_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Cleanup for a C string from malloc(). */
void lk_free_ptr(char **ptr);

/* Small fixed allocations: abort on out-of-memory (DESIGN §3, Limits). Sizes that
 * come from outside are capped by the caller first. Never return NULL; release with
 * free(). lk_alloc() gives zeroed bytes, what lk_realloc() adds is not. */
LK_MUST_USE void *lk_alloc(unsigned long size);
LK_MUST_USE void *lk_realloc(void *ptr, unsigned long size);

#endif
