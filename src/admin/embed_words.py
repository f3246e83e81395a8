#!/usr/bin/python3
"""Writes a list of words as a C array: embed_words.py OUTPUT.c WORDS.txt NAME"""
import json
import sys

output, source, name = sys.argv[1:]
with open(source, encoding="ascii") as text:
    words = [line.rstrip("\n") for line in text if line.strip() and not line.startswith("#")]
assert words and all(word == word.lower() for word in words), "the list is empty, or a word is not in lower case"
with open(output, "w", encoding="ascii") as c:
    c.write(f"/* Made by {sys.argv[0].rsplit('/', 1)[-1]}. */\n#include <stddef.h>\n\n")
    c.write(f"extern const char *const {name}[];\nconst char *const {name}[] = {{\n")
    c.writelines(f"    {json.dumps(word)},\n" for word in words)
    c.write("    NULL,\n};\n")
