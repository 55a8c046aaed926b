"""The rules of every output: what each magic shows is a bundle that any client can show, and it is the
same again when the cell is run again.

All magics are run through nbclient: files and sign-in against livy-local, batches against a service that
answers with markup, control characters and endless names. How it looks is for notebooks/gallery.
"""

import json
import re
import sys
import tempfile
import unittest
from collections import defaultdict

import nbclient

import support

sys.path.insert(0, str(support.ROOT / "notebooks"))
import gallery_service  # noqa: E402

support.install()

VENDOR = "application/vnd.livy-kernel.v1+json"
MIME_KEY = re.compile(r"[\w\-+.]+/[\w\-+.]+")
VALUE_LINES_MAX, VALUE_BYTES_MAX, ROWS_MAX = 30, 64 << 10, 30
COLOUR = re.compile(r"\x1b\[(?:0|1|3[0-7]|1;3[0-7])m")
# What passes between two runs; all else in them is the same.
TIMES = re.compile(r"in \d+ (?:h|min) \d+ (?:min|s)")

CONNECT = "%livy connect local --as fabric"
LOGIN = ("%entra login --tenant {fabric.demo.tenant} --client {fabric.demo.client} "
         "--certificate {fabric.demo.certificate} --key {fabric.demo.key}")
HOSTILE = "%set 'hostile=<script>alert(1)</script> | **a** `b` $x_1$ </details>' long=" + "x" * 500
BIG = "%set " + " ".join(f"n{number}={'y' * 2500}" for number in range(30))

# Looks that change nothing; run twice.
LOOKS = ["%help", "%help batch submit", "%help batch", "%livy info", "%entra status", "%entra token", "%vars",
         "%vars hostile", "%vars fabric", "%vars --json", "%lakehouse ls", "%lakehouse ls Files",
         "%lakehouse cat Files/x.py --bytes 5", "%nonsense", "%batch lits", "%vars nothing", "a = spark.sql('x')"]
BATCH_LOOKS = ["%batch list", "%batch list --max 60", "%batch status 1", "%batch status 3", "%batch log 1",
               "%batch log 1 --tail 2", "%batch status 500", "%batch status 404", "%batch status 99",
               "%batch list --json", "%batch list --name a --state failed --since 300d --skip 1 --max 2",
               "%batch times 1 3", "%batch compare 1 3", "%batch open 1", "%batch attach 1", "%batch history",
               "%batch recover --all"]


def cells(hostile):
    return ["%entra status", "%vars", CONNECT, LOGIN, HOSTILE, BIG,
            "%%payload x.py\nprint(1)\n", "%%payload y.py --no-upload\nprint(1)\n", "%%payload y.py\nif x = 1:\n",
            "%lakehouse put x.py Files/in/", "%lakehouse ls Files/nothing", "%doctor",
            "%batch submit x.py --dry-run", "%%batch --dry-run\n{\"file\": \"abfss://a@b/c.py\"}",
            "%batch submit x.py --name given", "%batch cancel", *LOOKS, *LOOKS,
            f"%livy connect {hostile} --kind apache --auth none", *BATCH_LOOKS, *BATCH_LOOKS,
            "%batch monitor 7", "%batch monitor 2", "%batch monitor 5", "%entra logout"]


class RecordingClient(nbclient.NotebookClient):
    """Keeps what is published, updates too."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.published = []

    def process_message(self, msg, cell, cell_index):
        self.published.append((cell.source, msg["msg_type"], msg["content"]))
        return super().process_message(msg, cell, cell_index)


def header_rows(markdown):
    lines = markdown.split("\n")
    return [lines[i - 1] for i, line in enumerate(lines) if i and re.fullmatch(r"\|(?: :?-+:? \|)+", line)]


def cells_of(row):
    return [part.strip() for part in re.split(r"(?<!\\)\|", row.strip())[1:-1]]


def without_fences(markdown):
    return re.sub(r"^(`{3,})\w*\n.*?^\1$", "", markdown, flags=re.M | re.S)


class OutputTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="lk-outputs-")
        cls.addClassCleanup(cls.folder.cleanup)
        hostile = cls.enterClassContext(gallery_service.running())
        cls.notebook = support.notebook(*cells(hostile))
        client = RecordingClient(cls.notebook, timeout=120, kernel_name=support.KERNEL, allow_errors=True,
                                 resources={"metadata": {"path": cls.folder.name}})
        client.execute()
        cls.published = client.published
        cls.bundles = [(source, kind, content["data"]) for source, kind, content in cls.published
                       if kind in ("display_data", "update_display_data", "execute_result")]

    def each(self, *kinds):
        """Cell and bundle of every output; of these messages only."""
        return [(source, data) for source, kind, data in self.bundles if not kinds or kind in kinds]

    # ---- what is shown at all

    def test_every_magic_was_run(self):
        listed = next(cell for cell in self.notebook.cells if cell.source == "%help").outputs[0]["data"][VENDOR]
        magics = [re.match(r"%+\w+(?: [a-z]+\b)?", entry["usage"])[0] for entry in listed["magics"]]
        lines = [line for cell in self.notebook.cells for line in cell.source.split("\n")]
        for magic in magics:
            with self.subTest(magic=magic):
                self.assertTrue(any(re.match(re.escape(magic) + r"\b", line) for line in lines))
        self.assertGreater(len(magics), 20)

    def test_what_should_succeed_does(self):
        failing = {"%nonsense", "%batch lits", "%vars nothing", "a = spark.sql('x')", "%%payload y.py\nif x = 1:\n",
                   "%lakehouse ls Files/nothing", "%batch status 500", "%batch status 404", "%batch status 99",
                   "%batch monitor 2", "%batch monitor 5"}
        for cell in self.notebook.cells:
            errors = [output.evalue for output in cell.outputs if output.output_type == "error"]
            with self.subTest(cell=cell.source[:60]):
                self.assertEqual(bool(errors), cell.source in failing, errors)

    # ---- bundles

    def test_there_is_always_plain_text_and_every_type_is_well_formed(self):
        for source, data in self.each():
            self.assertIsInstance(data.get("text/plain"), str, source)
            self.assertTrue(data["text/plain"].strip(), source)
            for mime in data:
                self.assertTrue(MIME_KEY.fullmatch(mime), (source, mime))

    def test_a_value_is_an_object_with_a_kind(self):
        for source, data in self.each():
            for mime in {"application/json", VENDOR} & set(data):
                self.assertIsInstance(data[mime], dict, source)
                self.assertRegex(data[mime].get("kind", ""), r"^[a-z][a-z.]*$", source)

    def test_the_value_for_programs_has_a_ceiling(self):
        sizes = [len(json.dumps(data[VENDOR], ensure_ascii=False, separators=(",", ":")).encode())
                 for source, data in self.each() if VENDOR in data]
        self.assertLessEqual(max(sizes), VALUE_BYTES_MAX)
        self.assertTrue(any(data[VENDOR].get("cut") for source, data in self.each() if VENDOR in data))

    def test_a_result_is_json_and_pretty_json_and_short_unless_asked_for(self):
        results = list(self.each("execute_result"))
        for source, data in results:
            self.assertEqual(set(data), {"application/json", "text/x-json", "text/plain"})
            self.assertEqual(data["text/x-json"], data["text/plain"])
            if "--json" not in source:
                self.assertLessEqual(len(data["text/plain"].split("\n")), VALUE_LINES_MAX)
                self.assertEqual(json.loads(data["text/plain"]), data["application/json"])
        self.assertTrue(results)

    def test_a_huge_value_is_not_stored_three_times(self):
        for source, data in self.each():
            self.assertLessEqual(len(data["text/plain"].encode()), VALUE_BYTES_MAX + 200, source)
            self.assertLessEqual(len(data.get("text/x-json", "").encode()), VALUE_BYTES_MAX + 200, source)

    def test_nothing_is_said_twice(self):
        for cell in self.notebook.cells:
            with self.subTest(cell=cell.source[:60]):
                views = ["\n| :-- |" in output["data"].get("text/markdown", "") for output in cell.outputs
                         if output.output_type == "display_data"]
                results = [output for output in cell.outputs if output.output_type == "execute_result"]
                self.assertFalse(any(views) and results, "a table, and the same as JSON below it")

    # ---- markdown

    def test_no_table_has_an_empty_header(self):
        rows = [row for source, data in self.each() for row in header_rows(data.get("text/markdown", ""))]
        for row in rows:
            self.assertTrue(all(cells_of(row)), row)
        self.assertGreater(len(rows), 10)

    def test_rows_have_as_many_cells_as_their_header(self):
        for source, data in self.each():
            for table in re.findall(r"(?:^\|.*\|$\n?)+", without_fences(data.get("text/markdown", "")), re.M):
                widths = {len(cells_of(row)) for row in table.strip().split("\n")}
                self.assertEqual(len(widths), 1, table)

    def test_a_list_shows_so_many_rows_and_counts_the_rest(self):
        counted = 0
        for source, data in self.each():
            table = re.findall(r"^\|", without_fences(data.get("text/markdown", "")), re.M)
            if not source.startswith("%help"):
                self.assertLessEqual(len(table), ROWS_MAX + 2)
            counted += bool(re.search(r"^… and \d+ more$", data["text/plain"], re.M))
        self.assertTrue(counted)

    def test_a_long_value_is_folded_below_its_view_and_the_fold_is_closed(self):
        folded = 0
        for source, data in self.each("display_data"):
            markdown, value = data.get("text/markdown", ""), data.get(VENDOR)
            if not value or value["kind"] in ("help", "variables"):
                continue
            lines = len(json.dumps(value, indent=2).split("\n"))
            folded += "<details>" in markdown
            if lines > VALUE_LINES_MAX:
                self.assertIn("<details><summary>JSON</summary>", markdown, source)
            self.assertEqual("<details>" in markdown, without_fences(markdown).rstrip().endswith("</details>"), source)
        self.assertTrue(folded)

    def test_nothing_from_outside_is_markup(self):
        for source, data in self.each():
            text = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", without_fences(data.get("text/markdown", "")))
            tags = set(re.findall(r"</?[a-zA-Z][^>]*>", text))
            ours = {"<details>", "</details>", "<summary>", "</summary>", "<span>", "</span>", "<code>", "</code>", "<wbr>"}
            self.assertLessEqual(tags, ours, source)
            self.assertNotRegex(text, r"\$|(?<!\\)\]\((?!https?://)", source)

    def test_nothing_steers_what_shows_it(self):
        for source, data in self.each():
            for mime in {"text/plain", "text/markdown"} & set(data):
                if data[mime] != data.get("text/x-json"):
                    self.assertNotRegex(without_fences(data[mime]), "[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")

    # ---- progress and errors

    def test_a_display_has_the_same_types_from_first_to_last(self):
        types, updates = defaultdict(list), 0
        for source, kind, content in self.published:
            identity = content.get("transient", {}).get("display_id")
            if identity:
                types[identity].append(set(content["data"]))
                updates += kind == "update_display_data"
        for seen in types.values():
            self.assertTrue(all(one == seen[0] for one in seen), seen)
        self.assertGreater(updates, 1)

    def test_only_the_last_state_of_a_display_has_a_fold(self):
        last = {}
        for _, _, content in self.published:
            identity = content.get("transient", {}).get("display_id")
            if identity:
                self.assertNotIn("<details>", last.get(identity, ""))
                last[identity] = content["data"].get("text/markdown", "")

    def test_an_error_is_a_code_a_sentence_and_a_way_on(self):
        errors = [content for _, kind, content in self.published if kind == "error"]
        for error in errors:
            with self.subTest(error=error["ename"]):
                self.assertRegex(error["ename"], r"^[A-Z][A-Za-z]+$")
                self.assertEqual(len(error["evalue"].split("\n")), 1)
                text = "\n".join(error["traceback"])
                self.assertTrue(COLOUR.sub("", text).startswith(f"{error['ename']}: "))
                self.assertNotRegex(COLOUR.sub("", text), "[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]")
                self.assertRegex(COLOUR.sub("", text), r"(?m)^Next: ")
        self.assertGreater(len(errors), 10)

    # ---- a saved notebook

    def test_the_same_look_again_is_the_same_notebook(self):
        again = defaultdict(list)
        for cell in self.notebook.cells:
            outputs = [{name: value for name, value in output.items() if name != "execution_count"}
                       for output in cell.outputs]
            again[cell.source].append(TIMES.sub("in TIME", json.dumps(outputs)))
        for source in LOOKS + BATCH_LOOKS:
            with self.subTest(cell=source):
                self.assertGreaterEqual(len(again[source]), 2)
                self.assertEqual(again[source][-2], again[source][-1])

    def test_no_output_carries_metadata_or_an_id_of_its_own(self):
        for cell in self.notebook.cells:
            for output in cell.outputs:
                self.assertFalse(output.get("metadata"))
                self.assertNotIn("transient", output)


if __name__ == "__main__":
    support.main()
