// Programs that get a token, with an application's values in them. They read the secret from the environment: a secret in a
// source file ends up in a repository.
import type { AuthMethod } from '../api/types';

export const SECRET_VARIABLE = 'LEANAUTH_CLIENT_SECRET';

export type SnippetLanguage = 'curl' | 'python' | 'node' | 'java' | 'go';

export interface SnippetValues {
  tokenEndpoint: string;
  clientId: string;
  authMethod: AuthMethod;
  scope: string;
}

/** For a POSIX shell: nothing within single quotes means anything but a single quote. */
export function shellQuoted(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}

/** A string literal that Python, JavaScript, Java and Go read alike. */
export function quoted(text: string): string {
  const escaped = Array.from({ length: text.length }, (_, i) => {
    const unit = text.charCodeAt(i);
    const character = text.charAt(i);
    if (character === '"' || character === '\\') return `\\${character}`;
    return unit < 0x20 || unit === 0x7f || unit === 0x2028 || unit === 0x2029 ? `\\u${unit.toString(16).padStart(4, '0')}` : character;
  });
  return `"${escaped.join('')}"`;
}

export function exportLine(secret: string | null, placeholder: string): string {
  return `export ${SECRET_VARIABLE}=${secret === null ? `'${placeholder.replace(/'/g, '’')}'` : shellQuoted(secret)}`;
}

const isBasic = (v: SnippetValues): boolean => v.authMethod === 'client_secret_basic';

function curl(v: SnippetValues): string {
  const lines = [`curl -sS ${shellQuoted(v.tokenEndpoint)}`];
  if (isBasic(v)) lines.push(`-u ${shellQuoted(v.clientId)}:"$${SECRET_VARIABLE}"`);
  lines.push('-d grant_type=client_credentials');
  if (!isBasic(v)) {
    lines.push(`--data-urlencode ${shellQuoted(`client_id=${v.clientId}`)}`);
    lines.push(`--data-urlencode "client_secret=$${SECRET_VARIABLE}"`);
  }
  lines.push(`--data-urlencode ${shellQuoted(`scope=${v.scope}`)}`);
  return lines.join(' \\\n  ');
}

export function curlWithCertificate(tokenEndpoint: string, clientId: string, scope: string): string {
  return [
    `curl -sS ${shellQuoted(tokenEndpoint)}`,
    '--cert client.pem --key client.key',
    '-d grant_type=client_credentials',
    `--data-urlencode ${shellQuoted(`client_id=${clientId}`)}`,
    `--data-urlencode ${shellQuoted(`scope=${scope}`)}`,
  ].join(' \\\n  ');
}

function python(v: SnippetValues): string {
  const inBody = isBasic(v) ? '' : `    "client_id": ${quoted(v.clientId)},\n    "client_secret": os.environ["${SECRET_VARIABLE}"],\n`;
  const basic = isBasic(v)
    ? `credentials = ":".join(urllib.parse.quote_plus(part) for part in (${quoted(v.clientId)}, os.environ["${SECRET_VARIABLE}"]))
request.add_header("Authorization", "Basic " + base64.b64encode(credentials.encode()).decode())
`
    : '';
  return `${isBasic(v) ? 'import base64\n' : ''}import json
import os
import urllib.error
import urllib.parse
import urllib.request

form = {
    "grant_type": "client_credentials",
${inBody}    "scope": ${quoted(v.scope)},
}
request = urllib.request.Request(
    ${quoted(v.tokenEndpoint)},
    data=urllib.parse.urlencode(form).encode(),
)
${basic}try:
    with urllib.request.urlopen(request, timeout=10) as response:
        token = json.load(response)
except urllib.error.HTTPError as error:
    raise SystemExit(error.read().decode())
print(token["access_token"])`;
}

function node(v: SnippetValues): string {
  const inBody = isBasic(v) ? '' : `  client_id: ${quoted(v.clientId)},\n  client_secret: process.env.${SECRET_VARIABLE},\n`;
  const basic = isBasic(v)
    ? `const credentials = [${quoted(v.clientId)}, process.env.${SECRET_VARIABLE}].map(encodeURIComponent).join(":");\n`
    : '';
  const headers = isBasic(v) ? '\n  headers: { Authorization: "Basic " + Buffer.from(credentials).toString("base64") },' : '';
  return `// Node.js 18 or later; save it as token.mjs
const form = new URLSearchParams({
  grant_type: "client_credentials",
${inBody}  scope: ${quoted(v.scope)},
});
${basic}const response = await fetch(${quoted(v.tokenEndpoint)}, {
  method: "POST",${headers}
  body: form,
  signal: AbortSignal.timeout(10_000),
});
const answer = await response.json();
if (!response.ok) throw new Error(\`\${answer.error}: \${answer.error_description}\`);
console.log(answer.access_token);`;
}

function java(v: SnippetValues): string {
  const inBody = isBasic(v)
    ? ''
    : `\n            + "&client_id=" + encode(${quoted(v.clientId)})\n            + "&client_secret=" + encode(System.getenv("${SECRET_VARIABLE}"))`;
  const basic = isBasic(v)
    ? `        String credentials = encode(${quoted(v.clientId)}) + ":" + encode(System.getenv("${SECRET_VARIABLE}"));\n`
    : '';
  const header = isBasic(v)
    ? '\n            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8)))'
    : '';
  return `// Java 11 or later: java GetToken.java
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
${isBasic(v) ? 'import java.util.Base64;\n' : ''}
public class GetToken {
    static String encode(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8);
    }

    public static void main(String[] arguments) throws Exception {
        String form = "grant_type=client_credentials"${inBody}
            + "&scope=" + encode(${quoted(v.scope)});
${basic}        HttpRequest request = HttpRequest.newBuilder(URI.create(${quoted(v.tokenEndpoint)}))
            .timeout(Duration.ofSeconds(10))
            .header("Content-Type", "application/x-www-form-urlencoded")${header}
            .POST(HttpRequest.BodyPublishers.ofString(form))
            .build();
        HttpResponse<String> response = HttpClient.newHttpClient()
            .send(request, HttpResponse.BodyHandlers.ofString());
        // JSON: access_token, token_type, expires_in, scope; or error and error_description.
        System.out.println(response.body());
    }
}`;
}

function go(v: SnippetValues): string {
  const inBody = isBasic(v)
    ? ''
    : `\t\t"client_id":     {${quoted(v.clientId)}},\n\t\t"client_secret": {os.Getenv("${SECRET_VARIABLE}")},\n`;
  // gofmt aligns the values of a literal.
  const pad = isBasic(v) ? '' : '   ';
  const basic = isBasic(v)
    ? `\trequest.SetBasicAuth(url.QueryEscape(${quoted(v.clientId)}), url.QueryEscape(os.Getenv("${SECRET_VARIABLE}")))\n`
    : '';
  return `package main

import (
\t"encoding/json"
\t"fmt"
\t"io"
\t"log"
\t"net/http"
\t"net/url"
\t"os"
\t"strings"
\t"time"
)

func main() {
\tform := url.Values{
\t\t"grant_type": ${pad}{"client_credentials"},
${inBody}\t\t"scope":      ${pad}{${quoted(v.scope)}},
\t}
\trequest, err := http.NewRequest("POST", ${quoted(v.tokenEndpoint)}, strings.NewReader(form.Encode()))
\tif err != nil {
\t\tlog.Fatal(err)
\t}
\trequest.Header.Set("Content-Type", "application/x-www-form-urlencoded")
${basic}\tclient := http.Client{Timeout: 10 * time.Second}
\tresponse, err := client.Do(request)
\tif err != nil {
\t\tlog.Fatal(err)
\t}
\tdefer response.Body.Close()
\tbody, err := io.ReadAll(response.Body)
\tif err != nil || response.StatusCode != http.StatusOK {
\t\tlog.Fatal(response.Status, " ", string(body), err)
\t}
\tvar token struct {
\t\tAccessToken string \`json:"access_token"\`
\t}
\tif err := json.Unmarshal(body, &token); err != nil {
\t\tlog.Fatal(err)
\t}
\tfmt.Println(token.AccessToken)
}`;
}

const MAKERS: Record<SnippetLanguage, (v: SnippetValues) => string> = { curl, python, node, java, go };

export const SNIPPET_LANGUAGES: readonly { id: SnippetLanguage; label: string }[] = [
  { id: 'curl', label: 'curl' },
  { id: 'python', label: 'Python' },
  { id: 'node', label: 'Node.js' },
  { id: 'java', label: 'Java' },
  { id: 'go', label: 'Go' },
];

export function snippet(language: SnippetLanguage, values: SnippetValues): string {
  return MAKERS[language](values);
}
