"""nbconvert to HTML: an executed notebook as a page for somebody who has neither Jupyter nor us."""

import re
import sys
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path

import nbclient
from nbconvert import HTMLExporter

import support

sys.path.insert(0, str(support.ROOT / "notebooks"))
import lab_browser as lab  # noqa: E402

support.install()
HOSTILE = ["</script><script>window.hurt = 1</script>", "<img src=x onerror='window.hurt = 1'>",
           "</details><svg onload='window.hurt = 1'>", "![x](javascript:window.hurt=1) [y](javascript:window.hurt=1)",
           "`</code><iframe srcdoc='<script>parent.hurt = 1</script>'>`"]


class Elements(HTMLParser):
    """The elements and attributes that a page has, as a browser would make them."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def count(self, tag):
        return sum(name == tag for name, _ in self.found)


def page_of(*cells):
    """The page of a notebook with these cells, executed."""
    nb = support.notebook(*cells)
    nbclient.NotebookClient(nb, timeout=60, kernel_name=support.KERNEL, allow_errors=True).execute()
    return HTMLExporter().from_notebook_node(nb)[0]



class NbconvertTests(unittest.TestCase):
    def test_a_view_is_a_table_a_value_is_its_text_and_an_error_has_its_colours(self):
        page = page_of("%help", "%set city=Paris --json", "%hlep")
        body = page[page.index("<body"):]
        self.assertGreaterEqual(Elements(body).count("table"), 1)
        self.assertIn("%batch submit", body)
        self.assertRegex(body, r"city[^\n]*Paris")
        self.assertIn("Did you mean", body)
        self.assertRegex(body, r'<span class="ansi-red-intense-fg ansi-bold">UnknownMagic</span>')
        self.assertNotIn("\x1b", page)

    def test_what_came_from_outside_stays_text(self):
        cells = ["# Parameters\n" + "\n".join(f"v{i} = {value!r}" for i, value in enumerate(HOSTILE)),
                 "%vars", "%vars --json", f'%set "x={HOSTILE[1]}"', "%nosuch<script>window.hurt=1</script>",
                 "%set \"big=" + str([HOSTILE[0]] * 40).replace('"', "'") + '"', "%vars"]
        page = page_of(*cells)
        harmless = Elements(page_of("%help"))
        elements = Elements(page[page.index("<body"):])
        self.assertEqual(elements.count("iframe"), 0)
        self.assertEqual(elements.count("img"), 0)
        for tag, attributes in elements.found:
            self.assertFalse([name for name in attributes if name.startswith("on")], (tag, attributes))
            self.assertNotIn("javascript:", attributes.get("href") or "", (tag, attributes))
        self.assertLessEqual(elements.count("script"), harmless.count("script"))
        self.assertIsNone(self.hurt_by(page))

    def hurt_by(self, page):
        """Opens the page in a browser and asks whether anything in it ran."""
        with tempfile.TemporaryDirectory(prefix="lk-nbconvert-") as folder, lab.browser_page() as browser:
            path = Path(folder, "page.html")
            path.write_text(page)
            browser.route(re.compile("^https?:"), lambda route: route.abort())
            browser.goto(path.as_uri())
            self.assertGreater(browser.locator(".jp-OutputArea-output").count(), 3)
            return browser.evaluate("window.hurt")


if __name__ == "__main__":
    support.main()
