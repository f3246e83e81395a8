"""Keys for what applications register: made anew for each run, public and private ones, good and bad."""

import base64

from cryptography.hazmat.primitives.asymmetric import ec, rsa


def b64(number, length):
    return base64.urlsafe_b64encode(number.to_bytes(length, "big")).rstrip(b"=").decode()


def ec_key(kid="key-1", private=False, **members):
    key = ec.generate_private_key(ec.SECP256R1())
    point = key.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": b64(point.x, 32), "y": b64(point.y, 32), "kid": kid, **members}
    return {**jwk, "d": b64(key.private_numbers().private_value, 32)} if private else jwk


def rsa_key(bits=2048, exponent=65537, **members):
    numbers = rsa.generate_private_key(exponent, bits).public_key().public_numbers()
    return {"kty": "RSA", "n": b64(numbers.n, bits // 8), "e": b64(numbers.e, 3), **members}


def key_set(*keys):
    return {"keys": list(keys or [ec_key()])}


# Sets of keys that must be refused, by what is wrong with them, and a word of the sentence that says so.
def bad_sets():
    good = ec_key()
    return {
        "empty": ({"keys": []}, "jwks"),
        "no list": ({"keys": good}, "jwks"),
        "no keys": ({"kty": "EC"}, "jwks"),
        "private": (key_set(ec_key(private=True)), "private"),
        "private for encryption": (key_set(good, ec_key("enc", private=True, use="enc")), "private"),
        "symmetric": (key_set(good, {"kty": "oct", "k": "c2VjcmV0"}), "symmetric"),
        "weak": (key_set(rsa_key(1024)), "jwks"),
        "off the curve": (key_set({**good, "y": good["x"]}), "jwks"),
        "even modulus": (key_set(rsa_key(2048) | {"n": b64(1 << 2047, 256)}), "jwks"),
        "exponent of one": (key_set({**rsa_key(), "e": "AQ"}), "jwks"),
        "nowhere": (key_set({**good, "x": b64(0, 32), "y": b64(0, 32)}), "jwks"),
        "on another curve": (key_set({**good, "crv": "P-384"}), "jwks"),
        "one kid for two": (key_set(ec_key("same"), ec_key("same")), "jwks"),
        "large": (key_set(*[rsa_key(2048, kid="k" * 900 + str(i)) for i in range(8)]), "jwks_uri"),
    }


BAD_KEY_URLS = ["http://client.example.com/keys", "https://", "https:///keys", "https://user@client.example.com/keys",
                "https://user:word@client.example.com/", "https://client.example.com/keys#one", "https://client example.com/",
                "ftp://client.example.com/", "//client.example.com/", "https://:443/", "https://client.example.com\\@evil.example/",
                "https://client.example.com/\"", "https://client.example.com/" + "a" * 600, "javascript:alert(1)"]
