// Go with nothing but its own library, as gofmt writes it.
import { ASSERTION_TYPE, CERTIFICATE_FILE, CERTIFICATE_KEY_FILE, SECRET_VARIABLE, type SnippetValues, isBasic, isPlain, keyFile, lines, quoted, sendsSecretIn, signs, usesSecret } from './values';

const SECRET = `os.Getenv("${SECRET_VARIABLE}")`;
const byKey = (v: SnippetValues): boolean => signs(v) && !usesSecret(v);
const kindOf = (v: SnippetValues): string => (byKey(v) ? (v.algorithm === 'EdDSA' ? 'Ed' : v.algorithm.slice(0, 2)) : '');

const HASHES: Record<string, string> = { '256': 'sha256', '384': 'sha512', '512': 'sha512' };

function imports(v: SnippetValues): string {
  const signing = signs(v) || v.dpop;
  const bits = v.algorithm.slice(2);
  const kind = kindOf(v);
  const names = [
    (kind === 'ES' || v.dpop) && 'bytes',
    (kind === 'RS' || kind === 'PS') && 'crypto',
    (kind === 'ES' || v.dpop) && 'crypto/ecdsa',
    kind === 'Ed' && 'crypto/ed25519',
    v.dpop && 'crypto/elliptic',
    v.algorithm.startsWith('HS') && 'crypto/hmac',
    signing && 'crypto/rand',
    (kind === 'RS' || kind === 'PS') && 'crypto/rsa',
    (v.dpop || HASHES[bits] === 'sha256') && 'crypto/sha256',
    HASHES[bits] === 'sha512' && 'crypto/sha512',
    v.certificate && 'crypto/tls',
    byKey(v) && 'crypto/x509',
    signing && 'encoding/base64',
    signing && 'encoding/hex',
    'encoding/json',
    byKey(v) && 'encoding/pem',
    'fmt',
    'io',
    'log',
    'net/http',
    'net/url',
    (usesSecret(v) || byKey(v)) && 'os',
    'strings',
    'time',
  ];
  return `${isPlain(v) ? '' : '// Go 1.20 or later: go run token.go\n'}package main\n\nimport (\n${names.filter((name) => name !== false).map((name) => `\t"${name}"\n`).join('')})`;
}

/** gofmt aligns the values of a literal. */
function form(v: SnippetValues): string {
  const members: [string, string][] = [['grant_type', '"client_credentials"']];
  if (!isBasic(v) && !signs(v)) members.push(['client_id', quoted(v.clientId)]);
  if (sendsSecretIn(v)) members.push(['client_secret', SECRET]);
  if (signs(v)) members.push(['client_assertion_type', `"${ASSERTION_TYPE}"`], ['client_assertion', 'assertion()']);
  members.push(['scope', quoted(v.scope)]);
  const width = Math.max(...members.map(([name]) => name.length));
  const rows = members.map(([name, value]) => `\t\t"${name}": ${' '.repeat(width - name.length)}{${value}},\n`);
  return `\tform := url.Values{\n${rows.join('')}\t}`;
}

const request = (v: SnippetValues): string =>
  lines(
    form(v),
    `\trequest, err := http.NewRequest("POST", ${quoted(v.tokenEndpoint)}, strings.NewReader(form.Encode()))`,
    '\tif err != nil {',
    '\t\tlog.Fatal(err)',
    '\t}',
    '\trequest.Header.Set("Content-Type", "application/x-www-form-urlencoded")',
    isBasic(v) && `\trequest.SetBasicAuth(url.QueryEscape(${quoted(v.clientId)}), url.QueryEscape(${SECRET}))`,
  );

const SEND = `\tresponse, err := client.Do(request)
\tif err != nil {
\t\tlog.Fatal(err)
\t}
\tdefer response.Body.Close()
\tbody, err := io.ReadAll(response.Body)`;

const TOKEN = `\tvar token struct {
\t\tAccessToken string \`json:"access_token"\`
\t}
\tif err := json.Unmarshal(body, &token); err != nil {
\t\tlog.Fatal(err)
\t}`;

const plain = (v: SnippetValues): string => `${imports(v)}

func main() {
${request(v)}
\tclient := http.Client{Timeout: 10 * time.Second}
${SEND}
\tif err != nil || response.StatusCode != http.StatusOK {
\t\tlog.Fatal(response.Status, " ", string(body), err)
\t}
${TOKEN}
\tfmt.Println(token.AccessToken)
}`;

const JWT = `func must[T any](value T, err error) T {
\tif err != nil {
\t\tlog.Fatal(err)
\t}
\treturn value
}

func base64url(data []byte) string {
\treturn base64.RawURLEncoding.EncodeToString(data)
}

func newID() string {
\tid := make([]byte, 16)
\trand.Read(id)
\treturn hex.EncodeToString(id)
}

func jwt(header, claims map[string]any, sign func(data []byte) []byte) string {
\tunsigned := base64url(must(json.Marshal(header))) + "." + base64url(must(json.Marshal(claims)))
\treturn unsigned + "." + base64url(sign([]byte(unsigned)))
}`;

const ECDSA = `// signECDSA gives both numbers, each as long as the curve (RFC 7518 3.4).
func signECDSA(key *ecdsa.PrivateKey, digest []byte) []byte {
\tr, s, err := ecdsa.Sign(rand.Reader, key, digest)
\tif err != nil {
\t\tlog.Fatal(err)
\t}
\tsize := (key.Curve.Params().BitSize + 7) / 8
\treturn bytes.Join([][]byte{r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))}, nil)
}`;

const digestOf = (bits: string): string => (bits === '256' ? 'sha256.Sum256(data)' : `sha512.Sum${bits}(data)`);

function signature(v: SnippetValues): string {
  const bits = v.algorithm.slice(2);
  if (usesSecret(v)) {
    const hash = bits === '256' ? 'sha256.New' : bits === '384' ? 'sha512.New384' : 'sha512.New';
    return `\t\tmac := hmac.New(${hash}, []byte(${SECRET}))\n\t\tmac.Write(data)\n\t\treturn mac.Sum(nil)`;
  }
  if (v.algorithm === 'EdDSA') return '\t\treturn ed25519.Sign(key.(ed25519.PrivateKey), data)';
  const digest = `\t\tdigest := ${digestOf(bits)}\n`;
  switch (v.algorithm.slice(0, 2)) {
    case 'ES':
      return `${digest}\t\treturn signECDSA(key.(*ecdsa.PrivateKey), digest[:])`;
    case 'RS':
      return `${digest}\t\treturn must(rsa.SignPKCS1v15(rand.Reader, key.(*rsa.PrivateKey), crypto.SHA${bits}, digest[:]))`;
    default:
      return `${digest}\t\treturn must(rsa.SignPSS(rand.Reader, key.(*rsa.PrivateKey), crypto.SHA${bits}, digest[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}))`;
  }
}

const assertion = (v: SnippetValues): string =>
  lines(
    'func assertion() string {',
    byKey(v) && `\t// The private key stays on this machine.\n\tblock, _ := pem.Decode(must(os.ReadFile("${keyFile(v)}")))\n\tif block == nil {\n\t\tlog.Fatal("${keyFile(v)} is no PEM")\n\t}\n\tkey := must(x509.ParsePKCS8PrivateKey(block.Bytes))`,
    '\tnow := time.Now().Unix()',
    `\theader := map[string]any{"alg": "${v.algorithm}", ${v.kid === null ? '' : `"kid": ${quoted(v.kid)}, `}"typ": "client-authentication+jwt"}`,
    `\tclaims := map[string]any{"iss": ${quoted(v.clientId)}, "sub": ${quoted(v.clientId)}, "aud": ${quoted(v.issuer)}, "jti": newID(), "iat": now, "exp": now + 60}`,
    '\treturn jwt(header, claims, func(data []byte) []byte {',
    signature(v),
    '\t})',
    '}',
  );

const proof = (v: SnippetValues): string => `// The token is bound to this key: each request with it needs a proof as well (RFC 9449 7).
var dpopKey = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))

func proof(nonce string) string {
\tpoint := must(dpopKey.PublicKey.ECDH()).Bytes()
\tjwk := map[string]string{"kty": "EC", "crv": "P-256", "x": base64url(point[1:33]), "y": base64url(point[33:])}
\tclaims := map[string]any{"jti": newID(), "htm": "POST", "htu": ${quoted(v.tokenEndpoint)}, "iat": time.Now().Unix()}
\tif nonce != "" {
\t\tclaims["nonce"] = nonce
\t}
\treturn jwt(map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": jwk}, claims, func(data []byte) []byte {
\t\tdigest := sha256.Sum256(data)
\t\treturn signECDSA(dpopKey, digest[:])
\t})
}`;

const ask = (v: SnippetValues): string =>
  lines(
    `func ask(client *http.Client${v.dpop ? ', nonce string' : ''}) string {`,
    request(v),
    v.dpop && '\trequest.Header.Set("DPoP", proof(nonce))',
    SEND,
    v.dpop && '\t// The server may want a value of its own in the proof.\n\tif nonce == "" && strings.Contains(string(body), "use_dpop_nonce") {\n\t\treturn ask(client, response.Header.Get("DPoP-Nonce"))\n\t}',
    '\tif err != nil || response.StatusCode != http.StatusOK {',
    '\t\tlog.Fatal(response.Status, " ", string(body), err)',
    '\t}',
    TOKEN,
    '\treturn token.AccessToken',
    '}',
  );

const main = (v: SnippetValues): string =>
  lines(
    'func main() {',
    v.certificate && `\tcertificate, err := tls.LoadX509KeyPair("${CERTIFICATE_FILE}", "${CERTIFICATE_KEY_FILE}")\n\tif err != nil {\n\t\tlog.Fatal(err)\n\t}`,
    '\tclient := &http.Client{Timeout: 10 * time.Second}',
    v.certificate && '\tclient.Transport = &http.Transport{TLSClientConfig: &tls.Config{Certificates: []tls.Certificate{certificate}}}',
    `\tfmt.Println(ask(client${v.dpop ? ', ""' : ''}))`,
    '}',
  );

export function go(v: SnippetValues): string {
  if (isPlain(v)) return plain(v);
  const signing = signs(v) || v.dpop;
  const parts = [imports(v), signing && JWT, (kindOf(v) === 'ES' || v.dpop) && ECDSA, signs(v) && assertion(v), v.dpop && proof(v), ask(v), main(v)];
  return parts.filter((part) => part !== false).join('\n\n');
}
