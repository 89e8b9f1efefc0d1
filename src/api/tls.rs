//! Certificate and key, read again when they change.

use super::settings::TlsFiles;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use std::{
    io,
    path::Path,
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

/// The certificate that is shown to those who connect.
#[derive(Debug)]
pub(super) struct Certificate {
    files: TlsFiles,
    shown: RwLock<Arc<CertifiedKey>>,
}

/// When certificate and key were written.
type Written = (Option<SystemTime>, Option<SystemTime>);

impl Certificate {
    /// Reads the files; an error says which one is wrong.
    pub(super) fn load(files: TlsFiles) -> io::Result<Arc<Self>> {
        let shown = RwLock::new(read(&files)?);
        Ok(Arc::new(Self { files, shown }))
    }

    /// Reads the files again. What is wrong with them changes nothing.
    pub(super) fn reload(&self) -> io::Result<()> {
        let fresh = read(&self.files)?;
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }

    /// When the files were written.
    pub(super) fn written(&self) -> Written {
        let modified = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
        (modified(&self.files.certificate), modified(&self.files.key))
    }

    /// How TLS is spoken with it: 1.2 and 1.3, HTTP/1.1 inside.
    pub(super) fn config(self: &Arc<Self>) -> io::Result<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(files: &TlsFiles) -> io::Result<Arc<CertifiedKey>> {
    let wrong = |path: &Path, error: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, format!("{}: {error}", path.display()))
    };
    let certificates: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(&files.certificate, &error))?;
    if certificates.is_empty() {
        return Err(wrong(&files.certificate, &"there is no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, &error))?;
    let pair = CertifiedKey::from_der(certificates, key, &ring::default_provider());
    pair.map(Arc::new).map_err(|error| wrong(&files.key, &error))
}
