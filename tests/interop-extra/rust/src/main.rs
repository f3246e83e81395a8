//! A token by the oauth2 crate, verified with jsonwebtoken and the published keys, as a Rust service would.
use jsonwebtoken::{decode, decode_header, errors::ErrorKind, jwk::JwkSet, Algorithm, DecodingKey, Validation};
use oauth2::basic::BasicClient;
use oauth2::{AuthType, ClientId, ClientSecret, HttpClientError, RequestTokenError, Scope, TokenResponse, TokenUrl};
use serde_json::Value;

fn main() {
    let text = std::env::args().nth(1).expect("a description");
    let d: Value = serde_json::from_str(&text).expect("JSON");
    let of = |name: &str| d[name].as_str().unwrap_or_else(|| panic!("{name}")).to_string();
    let agent = oauth2::ureq::AgentBuilder::new().redirects(0).build();
    let client = |secret: String| {
        BasicClient::new(ClientId::new(of("client_id")))
            .set_client_secret(ClientSecret::new(secret))
            .set_token_uri(TokenUrl::new(of("token_endpoint")).expect("a URL"))
            .set_auth_type(if of("Mode") == "post" { AuthType::RequestBody } else { AuthType::BasicAuth })
    };

    let right = client(of("client_secret"));
    let answer = right.exchange_client_credentials().add_scope(Scope::new(of("Scope"))).request(&agent).expect("a token");
    assert!(answer.expires_in().expect("expires_in").as_secs() > 0);
    let token = answer.access_token().secret();

    let text = agent.get(&of("jwks_uri")).call().expect("an answer").into_string().expect("text");
    let set: JwkSet = serde_json::from_str(&text).expect("a key set");
    let header = decode_header(token).expect("a header");
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
    let jwk = set.find(&header.kid.expect("a kid")).expect("the key");
    let key = DecodingKey::from_jwk(jwk).expect("a key that can verify");
    let verify = |audience: &str| {
        let mut wanted = Validation::new(Algorithm::ES256);
        wanted.set_issuer(&[of("Issuer")]);
        wanted.set_audience(&[audience]);
        wanted.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        decode::<Value>(token, &key, &wanted)
    };
    assert_eq!(verify(&of("Audience")).expect("a valid token").claims["client_id"], of("client_id"));
    assert!(matches!(verify("https://somebody.else").unwrap_err().kind(), ErrorKind::InvalidAudience));

    // With this HTTP client, the crate hands on the refusal as it came.
    let wrong = client("wrong".to_string());
    let refused = match wrong.exchange_client_credentials().request(&agent) {
        Err(RequestTokenError::Request(HttpClientError::Reqwest(e))) => e,
        other => panic!("a wrong secret is not refused as it should be: {other:?}"),
    };
    match *refused {
        oauth2::ureq::Error::Status(401, answer) => assert!(answer.into_string().expect("text").contains("\"invalid_client\"")),
        other => panic!("a wrong secret is not refused as it should be: {other:?}"),
    }
    println!("ok");
}
