//! Types to bytes (RFC 3261 7).

use super::{Headers, Request, Response, scan};
use bytes::Bytes;
use std::fmt::{self, Write as _};

pub(super) fn request(request: &Request) -> Bytes {
    let mut out = Out(Vec::with_capacity(128 + request.headers.print_size() + request.body.len()));
    out.0.extend_from_slice(request.method.as_str().as_bytes());
    out.0.push(b' ');
    // Neither this nor the other `write` here fails: they write into memory.
    let _ = request.uri.print(&mut out);
    out.0.extend_from_slice(b" SIP/2.0\r\n");
    finish(out, &request.headers, &request.body)
}

pub(super) fn response(response: &Response) -> Bytes {
    let mut out = Out(Vec::with_capacity(128 + response.headers.print_size() + response.body.len()));
    let _ = write!(out, "SIP/2.0 {} ", response.status);
    let clean = |byte: u8| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte };
    out.0.extend(response.reason.bytes().map(clean));
    out.0.extend_from_slice(b"\r\n");
    finish(out, &response.headers, &response.body)
}

fn finish(mut out: Out, headers: &Headers, body: &Bytes) -> Bytes {
    headers.print(&mut out.0);
    out.0.extend_from_slice(b"Content-Length: ");
    let _ = scan::print_number(u32::try_from(body.len()).unwrap_or(u32::MAX), &mut out);
    out.0.extend_from_slice(b"\r\n\r\n");
    out.0.extend_from_slice(body);
    Bytes::from(out.0)
}

/// Bytes that text can be written to.
struct Out(Vec<u8>);

impl fmt::Write for Out {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn write_char(&mut self, c: char) -> fmt::Result {
        match u8::try_from(c) {
            Ok(byte) if byte.is_ascii() => self.0.push(byte),
            _ => self.0.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
        Ok(())
    }
}
