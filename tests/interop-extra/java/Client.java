import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.DefaultJOSEObjectTypeVerifier;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.proc.BadJWTException;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.AccessTokenResponse;
import com.nimbusds.oauth2.sdk.ClientCredentialsGrant;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.ClientSecretPost;
import com.nimbusds.oauth2.sdk.auth.JWTAuthenticationClaimsSet;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.dpop.DefaultDPoPProofFactory;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.id.Audience;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import com.nimbusds.oauth2.sdk.token.AccessTokenType;
import java.util.Map;
import java.util.Set;

/** A token by Nimbus' OAuth 2.0 SDK, verified with Nimbus' JOSE library and the published keys, as a Java service would. */
class Client {
    static Map<String, Object> d;

    static String text(String name) throws Exception {
        return JSONObjectUtils.getString(d, name);
    }

    static void want(boolean good, String what) {
        if (!good) throw new IllegalStateException(what);
    }

    static ClientAuthentication authentication(String mode) throws Exception {
        ClientID id = new ClientID(text("client_id"));
        if (mode.equals("post")) return new ClientSecretPost(id, new Secret(text("client_secret")));
        if (!mode.startsWith("private_key_jwt")) return new ClientSecretBasic(id, new Secret(text("client_secret")));
        // The issuer is the audience, as the revision of RFC 7523 has it.
        JWTAuthenticationClaimsSet claims = new JWTAuthenticationClaimsSet(id, new Audience(text("Issuer")));
        return new PrivateKeyJWT(claims, JWSAlgorithm.ES256, ECKey.parse(text("Jwk")).toECPrivateKey(), text("KeyID"), null);
    }

    static JWTClaimsSet verify(String token, String audience, String jwks) throws Exception {
        DefaultJWTProcessor<SecurityContext> p = new DefaultJWTProcessor<>();
        p.setJWSTypeVerifier(new DefaultJOSEObjectTypeVerifier<>(new JOSEObjectType("at+jwt")));
        p.setJWSKeySelector(new JWSVerificationKeySelector<>(JWSAlgorithm.ES256, JWKSourceBuilder.create(java.net.URI.create(jwks).toURL()).build()));
        p.setJWTClaimsSetVerifier(new DefaultJWTClaimsVerifier<>(audience, new JWTClaimsSet.Builder().issuer(text("Issuer")).build(),
            Set.of("sub", "iat", "exp", "client_id", "jti")));
        return p.process(token, null);
    }

    static TokenResponse ask(AuthorizationServerMetadata server, ClientAuthentication authentication, ECKey dpop) throws Exception {
        HTTPRequest request = new TokenRequest.Builder(server.getTokenEndpointURI(), authentication, new ClientCredentialsGrant())
            .scope(new Scope(text("Scope"))).build().toHTTPRequest();
        if (dpop != null) request.setDPoP(new DefaultDPoPProofFactory(dpop, JWSAlgorithm.ES256).createDPoPJWT("POST", server.getTokenEndpointURI()));
        return TokenResponse.parse(request.send());
    }

    public static void main(String[] args) throws Exception {
        d = JSONObjectUtils.parse(args[0]);
        String mode = text("Mode");
        AuthorizationServerMetadata server = AuthorizationServerMetadata.resolve(new Issuer(text("Issuer")));
        ECKey dpop = mode.endsWith("dpop") ? new ECKeyGenerator(Curve.P_256).generate() : null;
        TokenResponse answer = ask(server, authentication(mode), dpop);
        want(answer.indicatesSuccess(), answer.toHTTPResponse().getBody());
        AccessToken token = ((AccessTokenResponse) answer).getTokens().getAccessToken();
        want(token.getType().equals(dpop == null ? AccessTokenType.BEARER : AccessTokenType.DPOP), "type " + token.getType());
        String jwks = server.getJWKSetURI().toString();
        JWTClaimsSet claims = verify(token.getValue(), text("Audience"), jwks);
        want(claims.getStringClaim("client_id").equals(text("client_id")), claims.toString());
        if (dpop != null) {
            Object jkt = claims.getJSONObjectClaim("cnf").get("jkt");
            want(dpop.computeThumbprint().toString().equals(jkt), "cnf " + jkt);
        }
        try {
            verify(token.getValue(), "https://somebody.else", jwks);
            want(false, "another audience is not refused");
        } catch (BadJWTException expected) {
        }
        TokenResponse refused = ask(server, new ClientSecretBasic(new ClientID(text("client_id")), new Secret("wrong")), null);
        want(!refused.indicatesSuccess() && refused.toErrorResponse().getErrorObject().getCode().equals("invalid_client"), "a wrong secret is not refused");
        System.out.println("ok");
    }
}
