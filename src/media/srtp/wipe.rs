//! What held a key is overwritten before its memory is used for something else. The only file that knows the crate `zeroize`.

use zeroize::{Zeroize, Zeroizing};

/// Overwritten when it is dropped.
pub(in crate::media) type Wiped<T> = Zeroizing<T>;

/// Overwrites it now.
pub(super) fn wipe(secret: &mut impl Zeroize) {
    secret.zeroize();
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    fn wipes_itself<T: ZeroizeOnDrop>() {}

    /// That they do is a feature of theirs, which must be switched on: this does not compile otherwise.
    #[test]
    fn ciphers_wipe_what_they_made_of_a_key() {
        wipes_itself::<aes::Aes128>();
        wipes_itself::<aes_gcm::Aes128Gcm>();
        wipes_itself::<sha1::Sha1>();
    }
}
