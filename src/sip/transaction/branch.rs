//! Branches of our Via: what names a transaction towards the peer (RFC 3261 8.1.1.7).

use rand::{RngExt, SeedableRng, rngs::StdRng};

/// What every branch made after RFC 3261 begins with.
pub const MAGIC_COOKIE: &str = "z9hG4bK";

/// Makes branches that nobody can guess.
#[derive(Debug)]
pub struct Branches(StdRng);

impl Branches {
    /// All branches follow from the seed.
    pub fn new(seed: [u8; 32]) -> Self {
        Self(StdRng::from_seed(seed))
    }

    /// A branch that was never used before, as far as 80 bits of chance can promise.
    pub fn make(&mut self) -> String {
        let mut branch = String::with_capacity(MAGIC_COOKIE.len() + 16);
        branch.push_str(MAGIC_COOKIE);
        let mut bits: u128 = self.0.random();
        for _ in 0..16 {
            branch.push(char::from(DIGITS[(bits & 31) as usize]));
            bits >>= 5;
        }
        branch
    }
}

const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_begin_with_the_cookie_and_follow_from_the_seed() {
        let (mut one, mut same, mut other) = (Branches::new([1; 32]), Branches::new([1; 32]), Branches::new([2; 32]));
        let first = one.make();
        assert!(first.starts_with(MAGIC_COOKIE) && first.len() == 23, "{first}");
        assert_eq!(same.make(), first);
        assert_ne!(other.make(), first);
        assert_ne!(one.make(), first);
    }
}
