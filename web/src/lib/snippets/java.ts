// Java with nothing but its own library, run from its source.
import { ASSERTION_TYPE, CERTIFICATE_FILE, CERTIFICATE_KEY_FILE, SECRET_VARIABLE, type SnippetValues, isBasic, isPlain, keyFile, lines, quoted, sendsSecretIn, signs, usesSecret } from './values';

const SECRET = `System.getenv("${SECRET_VARIABLE}")`;
const readsKey = (v: SnippetValues): boolean => (signs(v) && !usesSecret(v)) || v.certificate;

function imports(v: SnippetValues): string {
  const signing = signs(v) || v.dpop;
  const names = [
    v.certificate && 'java.io.InputStream',
    v.dpop && 'java.math.BigInteger',
    'java.net.URI',
    'java.net.URLEncoder',
    'java.net.http.HttpClient',
    'java.net.http.HttpRequest',
    'java.net.http.HttpResponse',
    'java.nio.charset.StandardCharsets',
    readsKey(v) && 'java.nio.file.Files',
    readsKey(v) && 'java.nio.file.Path',
    readsKey(v) && 'java.security.KeyFactory',
    v.dpop && 'java.security.KeyPair',
    v.dpop && 'java.security.KeyPairGenerator',
    v.certificate && 'java.security.KeyStore',
    readsKey(v) && 'java.security.PrivateKey',
    ((signs(v) && !usesSecret(v)) || v.dpop) && 'java.security.Signature',
    v.certificate && 'java.security.cert.Certificate',
    v.certificate && 'java.security.cert.CertificateFactory',
    v.dpop && 'java.security.interfaces.ECPublicKey',
    v.dpop && 'java.security.spec.ECGenParameterSpec',
    readsKey(v) && 'java.security.spec.InvalidKeySpecException',
    v.algorithm.startsWith('PS') && 'java.security.spec.MGF1ParameterSpec',
    readsKey(v) && 'java.security.spec.PKCS8EncodedKeySpec',
    v.algorithm.startsWith('PS') && 'java.security.spec.PSSParameterSpec',
    'java.time.Duration',
    signing && 'java.time.Instant',
    (isBasic(v) || signing || readsKey(v)) && 'java.util.Base64',
    signing && 'java.util.UUID',
    v.algorithm.startsWith('HS') && 'javax.crypto.Mac',
    v.algorithm.startsWith('HS') && 'javax.crypto.spec.SecretKeySpec',
    v.certificate && 'javax.net.ssl.KeyManagerFactory',
    v.certificate && 'javax.net.ssl.SSLContext',
  ];
  return names.filter((name) => name !== false).map((name) => `import ${name};`).join('\n');
}

const form = (v: SnippetValues): string =>
  lines(
    'String form = "grant_type=client_credentials"',
    !isBasic(v) && !signs(v) && `    + "&client_id=" + encode(${quoted(v.clientId)})`,
    sendsSecretIn(v) && `    + "&client_secret=" + encode(${SECRET})`,
    signs(v) && `    + "&client_assertion_type=" + encode("${ASSERTION_TYPE}")`,
    signs(v) && '    + "&client_assertion=" + encode(assertion())',
    `    + "&scope=" + encode(${quoted(v.scope)});`,
    isBasic(v) && `String credentials = encode(${quoted(v.clientId)}) + ":" + encode(${SECRET});`,
  ).replace(/^/gm, '        ');

const request = (v: SnippetValues): string =>
  lines(
    `        HttpRequest${v.dpop ? '.Builder' : ''} request = HttpRequest.newBuilder(URI.create(${quoted(v.tokenEndpoint)}))`,
    '            .timeout(Duration.ofSeconds(10))',
    '            .header("Content-Type", "application/x-www-form-urlencoded")',
    isBasic(v) && '            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes(StandardCharsets.UTF_8)))',
    v.dpop && '            .header("DPoP", proof(nonce))',
    `            .POST(HttpRequest.BodyPublishers.ofString(form))${v.dpop ? ';' : ''}`,
    !v.dpop && '            .build();',
  );

const ENCODE = `    static String encode(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8);
    }`;

const plain = (v: SnippetValues): string => `// Java 11 or later: java GetToken.java
${imports(v)}

public class GetToken {
${ENCODE}

    public static void main(String[] arguments) throws Exception {
${form(v)}
${request(v)}
        HttpResponse<String> response = HttpClient.newHttpClient()
            .send(request, HttpResponse.BodyHandlers.ofString());
        // JSON: access_token, token_type, expires_in, scope; or error and error_description.
        System.out.println(response.body());
    }
}`;

const READ_KEY = `    static PrivateKey readKey(String file) throws Exception {
        String pem = Files.readString(Path.of(file)).replaceAll("-----[A-Z ]+-----|\\\\s", "");
        PKCS8EncodedKeySpec der = new PKCS8EncodedKeySpec(Base64.getDecoder().decode(pem));
        for (String kind : new String[] {"EC", "RSA", "EdDSA"}) {
            try {
                return KeyFactory.getInstance(kind).generatePrivate(der);
            } catch (InvalidKeySpecException another) {
                // a key of another kind
            }
        }
        throw new IllegalArgumentException(file + " is no private key in PKCS #8");
    }`;

const JWT = `    interface Signer {
        byte[] sign(byte[] data) throws Exception;
    }

    static String base64url(byte[] bytes) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    static String jwt(String header, String claims, Signer signer) throws Exception {
        String unsigned = base64url(header.getBytes(StandardCharsets.UTF_8)) + "." + base64url(claims.getBytes(StandardCharsets.UTF_8));
        return unsigned + "." + base64url(signer.sign(unsigned.getBytes(StandardCharsets.UTF_8)));
    }`;

const NAMES: Record<string, string> = { E: 'withECDSAinP1363Format', R: 'withRSA' };

function signing(algorithm: string, key: string): string {
  const bits = algorithm.slice(2);
  if (algorithm.startsWith('HS')) {
    return `            Mac mac = Mac.getInstance("HmacSHA${bits}");
            mac.init(new SecretKeySpec(${SECRET}.getBytes(StandardCharsets.UTF_8), "HmacSHA${bits}"));
            return mac.doFinal(data);`;
  }
  const name = algorithm === 'EdDSA' ? 'Ed25519' : algorithm.startsWith('PS') ? 'RSASSA-PSS' : `SHA${bits}${NAMES[algorithm.charAt(0)] ?? ''}`;
  return lines(
    `            Signature signature = Signature.getInstance("${name}");`,
    algorithm.startsWith('PS') && `            signature.setParameter(new PSSParameterSpec("SHA-${bits}", "MGF1", MGF1ParameterSpec.SHA${bits}, ${Number(bits) / 8}, 1));`,
    `            signature.initSign(${key});`,
    '            signature.update(data);',
    '            return signature.sign();',
  );
}

/** A JSON text as a literal, with %s in it for what is filled in. */
const template = (members: object, more: string): string => quoted(`${JSON.stringify(members).replace(/%/g, '%%').slice(0, -1)},${more}}`);

const assertion = (v: SnippetValues): string => `    static String assertion() throws Exception {
        long now = Instant.now().getEpochSecond();
        String header = ${quoted(JSON.stringify({ alg: v.algorithm, ...(v.kid !== null && { kid: v.kid }), typ: 'client-authentication+jwt' }))};
        String claims = String.format(${template({ iss: v.clientId, sub: v.clientId, aud: v.issuer }, '"jti":"%s","iat":%s,"exp":%s')},
            UUID.randomUUID(), now, now + 60);
        return jwt(header, claims, data -> {
${signing(v.algorithm, `readKey("${keyFile(v)}")`)}
        });
    }`;

const proof = (v: SnippetValues): string => `    // The token is bound to this key: each request with it needs a proof as well (RFC 9449 7).
    static final KeyPair DPOP = newKey();

    static KeyPair newKey() {
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            return generator.generateKeyPair();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    static String coordinate(BigInteger number) {
        byte[] bytes = new byte[32];
        for (int i = 0; i < bytes.length; i++) {
            bytes[31 - i] = number.shiftRight(8 * i).byteValue();
        }
        return base64url(bytes);
    }

    static String proof(String nonce) throws Exception {
        ECPublicKey key = (ECPublicKey) DPOP.getPublic();
        String header = String.format("{\\"typ\\":\\"dpop+jwt\\",\\"alg\\":\\"ES256\\",\\"jwk\\":{\\"kty\\":\\"EC\\",\\"crv\\":\\"P-256\\",\\"x\\":\\"%s\\",\\"y\\":\\"%s\\"}}",
            coordinate(key.getW().getAffineX()), coordinate(key.getW().getAffineY()));
        String claims = String.format(${template({ htm: 'POST', htu: v.tokenEndpoint }, '"jti":"%s","iat":%s%s')},
            UUID.randomUUID(), Instant.now().getEpochSecond(), nonce == null ? "" : ",\\"nonce\\":\\"" + nonce + "\\"");
        return jwt(header, claims, data -> {
${signing('ES256', 'DPOP.getPrivate()')}
        });
    }`;

const CLIENT = `    static HttpClient client() throws Exception {
        Certificate[] chain;
        try (InputStream file = Files.newInputStream(Path.of("${CERTIFICATE_FILE}"))) {
            chain = CertificateFactory.getInstance("X.509").generateCertificates(file).toArray(new Certificate[0]);
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        store.load(null, null);
        store.setKeyEntry("client", readKey("${CERTIFICATE_KEY_FILE}"), new char[0], chain);
        KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(store, new char[0]);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(managers.getKeyManagers(), null, null);
        return HttpClient.newBuilder().sslContext(context).build();
    }`;

const ask = (v: SnippetValues): string => `    static HttpResponse<String> ask(HttpClient client${v.dpop ? ', String nonce' : ''}) throws Exception {
${form(v)}
${request(v)}
        return client.send(request${v.dpop ? '.build()' : ''}, HttpResponse.BodyHandlers.ofString());
    }

    public static void main(String[] arguments) throws Exception {
        HttpClient client = ${v.certificate ? 'client()' : 'HttpClient.newHttpClient()'};
        HttpResponse<String> response = ask(client${v.dpop ? ', null' : ''});
${v.dpop ? `        // The server may want a value of its own in the proof.
        if (response.body().contains("use_dpop_nonce")) {
            response = ask(client, response.headers().firstValue("DPoP-Nonce").orElseThrow());
        }
` : ''}        // JSON: access_token, token_type, expires_in, scope; or error and error_description.
        System.out.println(response.body());
    }`;

// Before version 18 the compiler takes a source for what the machine's locale says; these escapes are read anywhere.
const inAscii = (program: string): string => program.replace(/[^\t\n -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

export const java = (v: SnippetValues): string => inAscii(isPlain(v) ? plain(v) : whole(v));

function whole(v: SnippetValues): string {
  const parts = [ENCODE, readsKey(v) && READ_KEY, (signs(v) || v.dpop) && JWT, signs(v) && assertion(v), v.dpop && proof(v), v.certificate && CLIENT, ask(v)];
  return `// Java 17 or later: java GetToken.java\n${imports(v)}\n\npublic class GetToken {\n${parts.filter((part) => part !== false).join('\n\n')}\n}`;
}
