//! Digest authentication (RFC 7616, RFC 8760), both sides. Nonces and their counts are the business of who hands them out.

mod authorization;
mod challenge;
mod fields;
mod hash;

pub use authorization::{Authorization, Counted};
pub use challenge::{Challenge, strongest};
pub use hash::Algorithm;

use super::{Headers, name::Name};

impl Headers {
    /// The challenges of WWW-Authenticate that we can answer, in order.
    pub fn www_authenticate(&self) -> Vec<Challenge> {
        self.all(Name::WwwAuthenticate).filter_map(Challenge::parse).collect()
    }

    /// The challenges of Proxy-Authenticate that we can answer, in order.
    pub fn proxy_authenticate(&self) -> Vec<Challenge> {
        self.all(Name::ProxyAuthenticate).filter_map(Challenge::parse).collect()
    }

    /// The digest credentials of Authorization, for all realms, in order; those that cannot be read are left out.
    pub fn authorization(&self) -> Vec<Authorization> {
        self.all(Name::Authorization).filter_map(Authorization::parse).collect()
    }

    /// The same of Proxy-Authorization.
    pub fn proxy_authorization(&self) -> Vec<Authorization> {
        self.all(Name::ProxyAuthorization).filter_map(Authorization::parse).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::{
        Credentials, Secret,
        wire::{Method, Uri},
    };

    const NONCE: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    fn get() -> Method {
        Method::parse("GET").unwrap()
    }

    fn mufasa(password: &str) -> Credentials {
        Credentials { user: "Mufasa".to_owned(), secret: Secret::Password(password.to_owned()) }
    }

    fn answer(algorithm: Algorithm) -> Authorization {
        let challenge = Challenge::new("http-auth@example.org", NONCE, algorithm, false);
        challenge.answer(&mufasa("Circle of Life"), &get(), "/dir/index.html", CNONCE, 1).unwrap()
    }

    #[test]
    fn the_examples_of_rfc_7616() {
        assert_eq!(answer(Algorithm::Md5).response, "8ca523f5e9506fed4657c9700eebdbec");
        let sha256 = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";
        assert_eq!(answer(Algorithm::Sha256).response, sha256);
    }

    #[test]
    fn without_qop_the_way_of_rfc_2069_is_taken() {
        let challenge =
            Challenge::parse("Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"");
        let answer = challenge.unwrap().answer(&mufasa("CircleOfLife"), &get(), "/dir/index.html", "", 1).unwrap();
        assert_eq!(answer.response, "1949323746fe6a43ef61f9606e7febea");
        assert_eq!(answer.counted, None);
    }

    #[test]
    fn only_the_right_secret_and_method_are_verified() {
        for algorithm in [Algorithm::Md5, Algorithm::Sha256] {
            let printed = answer(algorithm).to_string();
            let read = Authorization::parse(&printed).unwrap();
            assert_eq!(read, answer(algorithm));
            let ha1 = algorithm.ha1("Mufasa", "http-auth@example.org", "Circle of Life");
            let hashed = match algorithm {
                Algorithm::Md5 => Secret::Ha1 { md5: Some(ha1), sha256: None },
                Algorithm::Sha256 => Secret::Ha1 { md5: None, sha256: Some(ha1) },
            };
            assert!(read.verify(&get(), &mufasa("Circle of Life").secret));
            assert!(read.verify(&get(), &hashed));
            assert!(!read.verify(&Method::Invite, &hashed));
            assert!(!read.verify(&get(), &mufasa("circle of life").secret));
            assert!(!read.verify(&get(), &Secret::Ha1 { md5: None, sha256: None }));
        }
    }

    #[test]
    fn a_response_cut_short_is_wrong() {
        let mut short = answer(Algorithm::Md5);
        short.response.truncate(31);
        assert!(!short.verify(&get(), &mufasa("Circle of Life").secret));
        short.response.clear();
        assert!(!short.verify(&get(), &mufasa("Circle of Life").secret));
    }

    #[test]
    fn nc_is_hashed_in_the_case_in_which_it_was_said() {
        let mut expected = answer(Algorithm::Md5);
        expected.counted = Some(Counted::new(CNONCE, 0xAB));
        let printed = expected.to_string().replace("nc=000000ab", "nc=000000AB");
        let mut read = Authorization::parse(&printed).unwrap();
        let ha1 = Algorithm::Md5.ha1("Mufasa", "http-auth@example.org", "Circle of Life");
        let ha2 = Algorithm::Md5.hex(&["GET", "/dir/index.html"]);
        read.response = Algorithm::Md5.hex(&[&ha1, NONCE, "000000AB", CNONCE, "auth", &ha2]);
        assert_eq!(read.counted.as_ref().map(|counted| counted.count), Some(0xAB));
        assert!(read.verify(&get(), &mufasa("Circle of Life").secret));
    }

    #[test]
    fn the_strongest_challenge_that_can_be_answered_is_chosen() {
        let mut headers = Headers::default();
        for algorithm in ["SHA-512-256", "MD5", "SHA-256", "MD5-sess"] {
            headers.push(
                "WWW-Authenticate",
                format_args!("Digest realm=\"r\", nonce=\"n\", algorithm={algorithm}, qop=\"auth\""),
            );
        }
        headers.push("WWW-Authenticate", "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256, qop=\"auth-int\"");
        headers.push("WWW-Authenticate", "Bearer x");
        let challenges = headers.www_authenticate();
        assert_eq!(challenges.len(), 2);
        let chosen = |secret: &Secret| strongest(&challenges, secret).map(|challenge| challenge.algorithm);
        assert_eq!(chosen(&mufasa("x").secret), Some(Algorithm::Sha256));
        assert_eq!(chosen(&Secret::Ha1 { md5: Some(String::new()), sha256: None }), Some(Algorithm::Md5));
        assert_eq!(chosen(&Secret::Ha1 { md5: None, sha256: None }), None);
    }

    #[test]
    fn a_challenge_is_read_as_it_was_printed() {
        let challenge = Challenge {
            opaque: Some("o\"p".to_owned()),
            ..Challenge::new("warm, \"line\"", "n=1", Algorithm::Sha256, true)
        };
        assert_eq!(
            challenge.to_string(),
            r#"Digest realm="warm, \"line\"", nonce="n=1", opaque="o\"p", stale=true, algorithm=SHA-256, qop="auth""#
        );
        assert_eq!(Challenge::parse(&challenge.to_string()), Some(challenge));
    }

    #[test]
    fn a_uri_with_commas_is_no_list() {
        let text = "Digest username=\"a\",realm=\"r\", nonce=\"n\",uri=\"sip:a,b@c;x=y\" , response=\"00\",qop=auth,nc=00000001,cnonce=\"c\"";
        let read = Authorization::parse(text).unwrap();
        assert_eq!(Uri::parse(&read.uri).unwrap().user.as_deref(), Some("a,b"));
        assert!(!read.said_algorithm);
    }

    #[test]
    fn credentials_with_parts_missing_are_none() {
        for text in [
            "",
            "Digest",
            "Digest username=\"a\"",
            "Basic YTpi",
            "Digest username=\"a\",realm=\"r\",nonce=\"n\",uri=\"u\",response=\"0\",qop=auth",
            "Digest username=\"a\",realm=\"r\",nonce=\"n\",uri=\"u\",response=\"0\",qop=auth,nc=+0000001,cnonce=\"c\"",
            "Digest username=\"a\",realm=\"r\",nonce=\"n\",uri=\"u\",response=\"0\",userhash=true",
            "Digest username=\"a\",realm=\"r\",nonce=\"n\",uri=\"u\",response=\"0\",algorithm=SHA-1",
        ] {
            assert_eq!(Authorization::parse(text), None, "{text}");
        }
    }

    #[test]
    fn debug_shows_no_hash() {
        let shown = format!("{:?}", answer(Algorithm::Md5));
        assert!(!shown.contains("8ca523"), "{shown}");
    }
}
