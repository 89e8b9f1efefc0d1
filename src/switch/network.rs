//! Networks of IP addresses (CIDR, RFC 4632 3.1).

use std::{fmt, net::IpAddr, str::FromStr};

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// Why a text is no network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// Not an IP address before the slash.
    #[error("{0:?} is no IP address; write 192.0.2.7 or 192.0.2.0/24")]
    Address(String),
    /// Not a number of bits behind the slash.
    #[error("/{0} is no prefix length; IPv4 has 0 to 32 bits, IPv6 0 to 128")]
    Bits(String),
    /// Bits behind the prefix are set, so one of both is a slip.
    #[error("{0} has bits behind its prefix; did you mean {1}?")]
    Host(String, Network),
}

impl Network {
    /// Whether `address` is in it. IPv4 in IPv6 clothes (::ffff:192.0.2.1) is IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => (own.to_bits() ^ other.to_bits()) & self.mask_v4() == 0,
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits() ^ other.to_bits()) & self.mask_v6() == 0,
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }

    /// How many bits are given: the more, the narrower.
    pub fn bits(&self) -> u8 {
        self.bits
    }

    /// Whether all addresses of one IP version are in it.
    pub fn is_everybody(&self) -> bool {
        self.bits == 0
    }

    fn mask_v4(&self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.bits)).unwrap_or(0)
    }

    fn mask_v6(&self) -> u128 {
        u128::MAX.checked_shl(128 - u32::from(self.bits)).unwrap_or(0)
    }

    fn base(&self) -> IpAddr {
        match self.address {
            IpAddr::V4(address) => IpAddr::V4((address.to_bits() & self.mask_v4()).into()),
            IpAddr::V6(address) => IpAddr::V6((address.to_bits() & self.mask_v6()).into()),
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address(address.to_owned()))?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            None => most,
            Some(bits) => bits
                .parse()
                .ok()
                .filter(|number: &u8| *number <= most)
                .ok_or_else(|| NetworkError::Bits(bits.to_owned()))?,
        };
        let network = Self { address, bits };
        if network.base() != address {
            return Err(NetworkError::Host(text.to_owned(), Self { address: network.base(), bits }));
        }
        Ok(network)
    }
}

impl From<IpAddr> for Network {
    fn from(address: IpAddr) -> Self {
        Self { address, bits: if address.is_ipv4() { 32 } else { 128 } }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_in_its_network_and_in_no_other() {
        for (network, inside, outside) in [
            ("192.0.2.0/24", "192.0.2.255", "192.0.3.0"),
            ("192.0.2.7", "192.0.2.7", "192.0.2.8"),
            ("127.0.0.1/32", "::ffff:127.0.0.1", "::1"),
            ("0.0.0.0/0", "8.8.8.8", "::1"),
            ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
            ("::/0", "2001:db8::1", "10.0.0.1"),
        ] {
            let known: Network = network.parse().unwrap();
            assert!(known.contains(inside.parse().unwrap()), "{network} {inside}");
            assert!(!known.contains(outside.parse().unwrap()), "{network} {outside}");
        }
    }

    #[test]
    fn what_is_no_network_says_what_would_be() {
        for (text, error) in [
            ("carrier.example", NetworkError::Address("carrier.example".into())),
            ("10.0.0.0/33", NetworkError::Bits("33".into())),
            ("10.0.0.0/", NetworkError::Bits(String::new())),
            ("10.0.0.1/8", NetworkError::Host("10.0.0.1/8".into(), "10.0.0.0/8".parse().unwrap())),
        ] {
            assert_eq!(text.parse::<Network>(), Err(error));
        }
    }
}
