#!/usr/bin/python3
"""Writes SQL files as the C array la_schema_steps: embed.py OUTPUT.c 001.sql 002.sql ..."""
import sys

output, *sources = sys.argv[1:]
with open(output, "w", encoding="utf-8") as c:
    c.write("/* Made from schema/ by schema/embed.py. */\n#include \"store/sqlite_internal.h\"\n\n")
    c.write("const char *const la_schema_steps[] = {\n")
    for source in sources:
        with open(source, encoding="utf-8") as sql:
            for line in sql.read().splitlines():
                c.write('    "' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"\n')
        c.write("    ,\n")
    c.write("};\nconst unsigned la_schema_version = %d;\n" % len(sources))
