//! Branches of our Via: what names a transaction towards the peer (RFC 3261 8.1.1.7).

use crate::sip::wire::Via;
use rand::{RngExt, SeedableRng, rngs::StdRng};

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
        let mut branch = String::with_capacity(Via::MAGIC.len() + 16);
        branch.push_str(Via::MAGIC);
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
        assert!(first.starts_with(Via::MAGIC) && first.len() == 23, "{first}");
        assert_eq!(same.make(), first);
        assert_ne!(other.make(), first);
        assert_ne!(one.make(), first);
    }
}
