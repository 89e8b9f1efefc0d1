//! HTTPS, and a certificate that is changed at work.

use crate::house::House;
use reqwest::tls::TlsInfo;
use std::{fs, path::Path};

#[test]
fn a_new_certificate_is_shown_after_a_reload_and_a_broken_one_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let first = certify(directory.path());
    let path = |name: &str| directory.path().join(name).display().to_string();
    let house =
        House::open(&format!("[http.tls]\ncertificate = \"{}\"\nkey = \"{}\"\n", path("cert.pem"), path("key.pem")));
    assert_eq!(shown(&house), first);

    let second = certify(directory.path());
    house.reload();
    assert_eq!(shown(&house), second);

    fs::write(directory.path().join("key.pem"), "no key").unwrap();
    house.reload();
    assert_eq!(shown(&house), second);
}

/// Writes a fresh certificate, and returns it.
fn certify(directory: &Path) -> Vec<u8> {
    let fresh = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fs::write(directory.join("cert.pem"), fresh.cert.pem()).unwrap();
    fs::write(directory.join("key.pem"), fresh.signing_key.serialize_pem()).unwrap();
    fresh.cert.der().to_vec()
}

/// The certificate that a new client is shown.
fn shown(house: &House) -> Vec<u8> {
    house.runtime.block_on(async {
        let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).tls_info(true).build().unwrap();
        let response = client.get(house.url("/healthz")).send().await.unwrap();
        assert_eq!(response.status(), 200);
        response.extensions().get::<TlsInfo>().unwrap().peer_certificate().unwrap().to_vec()
    })
}
