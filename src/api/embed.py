#!/usr/bin/python3
"""Writes a text file as a C array: embed.py OUTPUT.c admin.yaml"""
import sys

output, source = sys.argv[1:]
with open(source, "rb") as f:
    data = f.read()
with open(output, "w", encoding="ascii") as c:
    c.write("/* Made from api/admin.yaml by embed.py. */\n#include \"api/openapi.h\"\n\n")
    c.write("const unsigned char la_api_document[] = {\n")
    for i in range(0, len(data), 20):
        c.write("    " + "".join(f"{byte}," for byte in data[i:i + 20]) + "\n")
    c.write("};\nconst size_t la_api_document_bytes = sizeof la_api_document;\n")
