//! Where the world finds what belongs to a certificate: addresses that stand in
//! it for as long as it lives.

use der::asn1::Ia5String;
use keystore::certificate::{CertificateError, Contents};
use serde::{Deserialize, Serialize};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, CrlDistributionPoints,
    crl::dp::DistributionPoint,
    name::{DistributionPointName, GeneralName},
};

/// Plain-HTTP addresses (RFC 5280 sections 4.2.1.13 and 4.2.2.1, RFC 6960
/// appendix A). What is empty is left out of the certificates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Locations {
    /// The revocation list, DER.
    pub crl_urls: Vec<String>,
    /// The responder of RFC 6960.
    pub ocsp_urls: Vec<String>,
    /// The issuing CA's certificate, DER.
    pub issuer_urls: Vec<String>,
}

/// id-ad-ocsp and id-ad-caIssuers, RFC 5280 section 4.2.2.1.
const OCSP: const_oid::ObjectIdentifier =
    const_oid::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");
const CA_ISSUERS: const_oid::ObjectIdentifier =
    const_oid::ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.2");

impl Locations {
    /// Below one address, as the office's own status part serves them.
    pub fn below(base: &str) -> Self {
        let base = base.trim_end_matches('/');
        let at = |path: &str| vec![format!("{base}{path}")];
        Self {
            crl_urls: at(crate::status::CRL),
            ocsp_urls: at(crate::status::OCSP),
            issuer_urls: at(crate::status::ISSUER),
        }
    }

    /// The first address that cannot stand in a certificate. `https` cannot: who
    /// checks a certificate would have to check another one first.
    pub fn unusable(&self) -> Option<&str> {
        let all = [&self.crl_urls, &self.ocsp_urls, &self.issuer_urls];
        let usable = |url: &str| {
            url.strip_prefix("http://")
                .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_graphic()))
        };
        let mut urls = all.into_iter().flatten().map(String::as_str);
        urls.find(|url| !usable(url))
    }

    pub(super) fn write_into(&self, contents: &mut Contents) -> Result<(), CertificateError> {
        if !self.crl_urls.is_empty() {
            let point = DistributionPoint {
                distribution_point: Some(DistributionPointName::FullName(uris(&self.crl_urls)?)),
                reasons: None,
                crl_issuer: None,
            };
            contents.extension(&CrlDistributionPoints(vec![point]))?;
        }
        let mut access = Vec::new();
        for (access_method, urls) in [(OCSP, &self.ocsp_urls), (CA_ISSUERS, &self.issuer_urls)] {
            for access_location in uris(urls)? {
                access.push(x509_cert::ext::pkix::AccessDescription {
                    access_method,
                    access_location,
                });
            }
        }
        if !access.is_empty() {
            contents.extension(&AuthorityInfoAccessSyntax(access))?;
        }
        Ok(())
    }
}

fn uris(urls: &[String]) -> Result<Vec<GeneralName>, CertificateError> {
    let uri = |url: &String| {
        let text = Ia5String::new(url).map_err(|_| CertificateError::Encoding)?;
        Ok(GeneralName::UniformResourceIdentifier(text))
    };
    urls.iter().map(uri).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_stands_in_a_certificate() {
        let with = |url: &str| Locations {
            ocsp_urls: vec![url.to_owned()],
            ..Locations::default()
        };
        assert_eq!(with("http://pki.example.kz/ocsp").unusable(), None);
        for bad in [
            "https://pki.example.kz",
            "http://",
            "pki",
            "http://a b",
            "http://қ",
        ] {
            assert_eq!(with(bad).unusable(), Some(bad));
        }
        assert_eq!(Locations::default().unusable(), None);
        assert_eq!(Locations::below("http://pki.example.kz/").unusable(), None);
    }
}
