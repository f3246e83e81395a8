"""Reading C sources for the checks."""

import re

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\'', re.S)


def code_lines(path, strings=True):
    """(number, line) of a C file without its comments, and without what is in strings where `strings` is false."""
    def blank(hit):
        text = hit[0]
        if text.startswith("/"):
            return re.sub(r"[^\n]", " ", text)
        return text if strings else text[0] + text[-1]

    return list(enumerate(TOKEN.sub(blank, path.read_text()).splitlines(), 1))
