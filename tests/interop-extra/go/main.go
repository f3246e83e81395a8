// A token by golang.org/x/oauth2, verified with golang-jwt and the published keys, as a Go service would.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/MicahParks/keyfunc/v3"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

type description struct {
	Mode, Issuer, Audience, Scope string
	TokenEndpoint                 string `json:"token_endpoint"`
	JwksURI                       string `json:"jwks_uri"`
	ClientID                      string `json:"client_id"`
	ClientSecret                  string `json:"client_secret"`
	PrivateKey, KeyID             string
}

func check(what string, err error) {
	if err != nil {
		fmt.Printf("%s: %v\n", what, err)
		os.Exit(1)
	}
}

func assertion(d description) string {
	key, err := jwt.ParseECPrivateKeyFromPEM([]byte(d.PrivateKey))
	check("the key", err)
	now := time.Now()
	t := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.RegisteredClaims{
		Issuer: d.ClientID, Subject: d.ClientID, Audience: jwt.ClaimStrings{d.Issuer}, ID: fmt.Sprint(now.UnixNano()),
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(time.Minute)),
	})
	t.Header["kid"] = d.KeyID
	text, err := t.SignedString(key)
	check("signing", err)
	return text
}

func config(d description) clientcredentials.Config {
	c := clientcredentials.Config{ClientID: d.ClientID, ClientSecret: d.ClientSecret, TokenURL: d.TokenEndpoint, Scopes: []string{d.Scope}}
	switch d.Mode {
	case "basic":
		c.AuthStyle = oauth2.AuthStyleInHeader
	case "post":
		c.AuthStyle = oauth2.AuthStyleInParams
	case "detect": // what it does where nobody says: one after the other
	case "private_key_jwt":
		c.AuthStyle = oauth2.AuthStyleInParams
		c.ClientSecret = ""
		c.EndpointParams = url.Values{"client_assertion": {assertion(d)},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}}
	}
	return c
}

func verify(ctx context.Context, d description, text string) {
	keys, err := keyfunc.NewDefaultCtx(ctx, []string{d.JwksURI})
	check("the key set", err)
	parse := func(audience string) (*jwt.Token, error) {
		return jwt.Parse(text, keys.Keyfunc, jwt.WithIssuer(d.Issuer), jwt.WithAudience(audience), jwt.WithValidMethods([]string{"ES256"}),
			jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	}
	t, err := parse(d.Audience)
	check("the token", err)
	if t.Header["typ"] != "at+jwt" || t.Claims.(jwt.MapClaims)["client_id"] != d.ClientID {
		check("the token", fmt.Errorf("header %v, claims %v", t.Header, t.Claims))
	}
	if _, err = parse("https://somebody.else"); !errors.Is(err, jwt.ErrTokenInvalidAudience) {
		check("another audience", fmt.Errorf("is not refused: %v", err))
	}
}

func main() {
	var d description
	check("the description", json.Unmarshal([]byte(os.Args[1]), &d))
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	c := config(d)
	t, err := c.Token(ctx)
	check("the request", err)
	if t.Type() != "Bearer" || time.Until(t.Expiry) <= 0 {
		check("the answer", fmt.Errorf("%+v", t.Type()))
	}
	verify(ctx, d, t.AccessToken)
	c.ClientSecret, c.EndpointParams = "wrong", nil
	var refused *oauth2.RetrieveError
	if _, err = c.Token(ctx); !errors.As(err, &refused) || refused.ErrorCode != "invalid_client" {
		check("a wrong secret", fmt.Errorf("is not refused as it should be: %v", err))
	}
	fmt.Println("ok")
}
