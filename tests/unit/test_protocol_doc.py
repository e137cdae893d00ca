"""PROTOCOL.md says what the sources say: python3 test_protocol_doc.py SOURCE_DIR.
Every error of error.h stands in its table and nothing else does; every request
of parlor.proto has its section, every event its row, every limit of the
welcome its line, every counter and setting its row; the bytes of the example are the recorded ones."""

import pathlib
import re
import sys
import unittest

SOURCE = pathlib.Path(sys.argv.pop())


def read(path):
    return (SOURCE / path).read_text(encoding="utf-8")


def joined(text):
    """Without the line ends inside a macro, and with strings in one piece."""
    return re.sub(r'"\s*"', "", text.replace("\\\n", " "))


def rows(section):
    """The cells of each row of the tables in a section, without backticks."""
    for line in section.splitlines():
        if line.startswith("|") and not re.match(r"\|[-:| ]+\|$", line):
            yield [cell.strip().strip("`") for cell in line.strip("|").split("|")]


def message(name):
    return re.search(rf"^message {name} {{(.*?)^}}", read("proto/parlor.proto"), re.M | re.S).group(1)


def fields(text):
    return re.findall(r"(\w+) = \d+;", text)


DOC = read("proto/PROTOCOL.md")
SECTIONS = dict(re.findall(r"^## \d+\. (.+?)\n(.*?)(?=^## |\Z)", DOC, re.M | re.S))


class ProtocolDoc(unittest.TestCase):
    def test_every_error_is_listed_as_it_is(self):
        pattern = r'X\((\w+), (\d+), (true|false), "([^"]*)"\)'
        known = [[code, name, "yes" if retry == "true" else "no", text]
                 for name, code, retry, text in re.findall(pattern, joined(read("include/parlor/error.h")))]
        self.assertGreater(len(known), 40)
        listed = [row[:4] for row in rows(SECTIONS["Errors"]) if row[0].isdigit()]
        self.assertEqual(listed, known)
        self.assertTrue(all(row[4] for row in rows(SECTIONS["Errors"])), "each says when")

    def test_every_request_has_its_section(self):
        ops = fields(re.search(r"oneof op {(.*?)}", message("Request"), re.S).group(1))
        self.assertGreater(len(ops), 25)
        self.assertEqual(re.findall(r"^### (\w+)$", SECTIONS["Requests"], re.M), ops)

    def test_every_event_has_its_row(self):
        kinds = fields(re.search(r"oneof kind {(.*?)}", message("Event"), re.S).group(1))
        self.assertEqual([row[0] for row in rows(SECTIONS["Events"])][1:], kinds)

    def test_every_limit_of_the_welcome_has_its_line(self):
        told = [row[2].split("`")[0] for row in rows(SECTIONS["Limits"])]
        for limit in fields(message("Limits")):
            self.assertIn(limit, told)

    def test_every_counter_is_explained(self):
        counted = re.findall(r'counter\(c, "(\w+)",', read("broker/api/stats.c"))
        causes = re.findall(r"X\((\w+), \w+, \w+\)", read("broker/core/desk/desk.h"))
        self.assertGreater(len(causes), 20)
        counted += [f"desk_{cause}" for cause in causes]
        self.assertGreater(len(counted), 100)
        section = re.search(r"^### stats\n(.*?)^##", DOC, re.M | re.S).group(1)
        listed = [name for row in rows(section) for name in re.findall(r"\w+", row[0]) if row[0] != "counter"]
        self.assertEqual(sorted(listed), sorted(counted))

    def test_every_setting_has_its_line(self):
        """Those of the store and of one machine are told by --print-config alone."""
        known = set(re.findall(r'(?:NUMBER|CORE|SWITCH)\("(\w+)", (\w+)', read("broker/settings.def")))
        known = {f"{section}.{key}" for section, key in known if section not in ("broker", "store")}
        self.assertGreater(len(known), 40)
        listed = [row[0] for row in rows(SECTIONS["Limits"]) if "." in row[0]]
        self.assertEqual(sorted(listed), sorted(known))

    def test_the_names_in_capitals_are_errors_or_of_the_grammar(self):
        grammar = set(re.findall(r"[A-Z_]{2,}", read("proto/parlor.proto") + read("proto/worker.proto")))
        grammar |= {word for name in grammar for word in name.split("_")}
        known = set(re.findall(r"X\((\w+),", read("include/parlor/error.h"))) | grammar
        for name in re.findall(r"\*Refused:\* (.*?)\n\n", SECTIONS["Requests"], re.S):
            for word in re.findall(r"\b[A-Z][A-Z_]{2,}\b", name):
                self.assertIn(word, known)

    def test_the_example_is_the_recorded_hello(self):
        (hello,) = re.findall(r"```hex hello\n(.*?)```", DOC, re.S)
        self.assertEqual(hello, read("tests/data/golden/hello.hex"))


if __name__ == "__main__":
    unittest.main()
