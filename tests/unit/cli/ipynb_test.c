#include "cli/ipynb.h"

#include "support/assert.h"

#include <string.h>

static void code_cells_come_in_order_whatever_their_source_looks_like(void **state)
{
    static const char notebook[] =
        "{\"cells\": ["
        "{\"cell_type\": \"markdown\", \"source\": [\"# T\"]},"
        "{\"cell_type\": \"code\", \"source\": [\"%livy info\\n\", \"%vars\"], \"outputs\": []},"
        "{\"cell_type\": \"raw\", \"source\": \"raw\"},"
        "{\"cell_type\": \"code\", \"source\": \"%%payload x.py\\nprint(1)\"},"
        "{\"cell_type\": \"code\", \"source\": []},"
        "{\"no\": \"type\"}, 7],"
        "\"metadata\": {\"kernelspec\": {\"name\": \"livy\", \"language\": \"livy\"}},"
        "\"nbformat\": 4, \"nbformat_minor\": 5}";
    LK_CLEANUP(lk_json_unref) json_t *cells = NULL;
    struct lk_error err = LK_ERROR_INIT;

    (void)state;
    assert_lk_ok(lk_ipynb_cells(lk_str_from(notebook), &cells, &err), &err);
    assert_int_equal(json_array_size(cells), 3);
    assert_str(lk_json_str(json_array_get(cells, 0)), "%livy info\n%vars");
    assert_str(lk_json_str(json_array_get(cells, 1)), "%%payload x.py\nprint(1)");
    assert_str(lk_json_str(json_array_get(cells, 2)), "");
}

static void the_kernel_of_a_notebook_must_be_ours_or_open(void **state)
{
    static const struct {
        const char *metadata;
        bool ours;
    } cases[] = {
        {"{}", true},
        {"{\"kernelspec\": {}}", true},
        {"{\"kernelspec\": null}", true},
        {"{\"kernelspec\": {\"name\": \"mine\", \"language\": \"livy\"}}", true},
        {"{\"kernelspec\": {\"name\": \"livy-dev\", \"language\": \"python\"}}", true},
        {"{\"kernelspec\": {\"name\": \"python3\", \"language\": \"python\"}}", false},
        {"{\"kernelspec\": {\"name\": \"python3\"}}", false},
        {"{\"kernelspec\": {\"language\": \"R\"}}", false},
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(cases); i++) {
        LK_CLEANUP(lk_json_unref) json_t *cells = NULL;
        LK_CLEANUP(lk_buf_done) struct lk_buf text = LK_BUF_INIT(1000);
        struct lk_error err = LK_ERROR_INIT;
        lk_buf_printf(&text, "{\"cells\": [], \"metadata\": %s}", cases[i].metadata);
        assert_lk_status(cases[i].ours ? LK_OK : LK_INVALID,
                         lk_ipynb_cells(lk_buf_view(&text), &cells, &err), &err);
        if (!cases[i].ours) {
            assert_string_equal(err.code, "OtherKernel");
            assert_contains(err.next, "Livy (Spark batch)");
        }
    }
}

static void what_is_no_notebook_is_refused(void **state)
{
    static const char *const texts[] = {
        "",
        "print(1)",
        "[]",
        "{}",
        "{\"cells\": {}}",
        "{\"cells\": [",
        "{\"worksheets\": [{\"cells\": []}], \"nbformat\": 3}",
        "{\"cells\": [{\"cell_type\": \"code\"}]}",
        "{\"cells\": [{\"cell_type\": \"code\", \"source\": 5}]}",
        "{\"cells\": [{\"cell_type\": \"code\", \"source\": [\"a\", 5]}]}",
        "{\"cells\": [{\"cell_type\": \"code\", \"source\": \"\xFF\"}]}",
    };

    (void)state;
    for (size_t i = 0; i < LK_COUNT(texts); i++) {
        json_t *cells = NULL;
        struct lk_error err = LK_ERROR_INIT;
        assert_lk_status(LK_INVALID, lk_ipynb_cells(lk_str_from(texts[i]), &cells, &err), &err);
        assert_string_equal(err.code, "NoNotebook");
        assert_contains(err.next, ".ipynb");
        assert_null(cells);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(code_cells_come_in_order_whatever_their_source_looks_like),
        cmocka_unit_test(the_kernel_of_a_notebook_must_be_ours_or_open),
        cmocka_unit_test(what_is_no_notebook_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
