//! Whom to believe: the certificates of issuing states (CSCA), from files that an
//! operator gave or from master lists that one of those vouches for, and the states'
//! revocation lists (ICAO 9303-12, 5 and 6).

mod load;

use std::collections::BTreeSet;

use crate::certificate::{Certificate, CertificateError};
use crate::master_list::{self, MasterListError};
use crate::revocation_list::RevocationList;

/// Links from one key of a state to the next; ICAO renews them every three to five years.
const LONGEST_PATH: usize = 8;
/// More than all states of the world have.
const MOST: usize = 16_384;

#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error("the certificate is not one that may sign certificates")]
    NotAuthority,
    #[error("the certificate names no country")]
    NoCountry,
    #[error("the master list: {0}")]
    MasterList(#[from] MasterListError),
    #[error("the revocation list is signed by no CSCA certificate given")]
    RevocationListSigner,
    #[error("neither certificate, master list nor revocation list")]
    Unknown,
    #[error("more than {MOST} certificates or revocation lists")]
    TooMany,
    #[error("{path}: {reason}")]
    File {
        path: std::path::PathBuf,
        reason: Box<TrustError>,
    },
    #[error("{0}")]
    Read(std::io::Error),
    #[error("larger than {0} bytes")]
    Size(u64),
}

/// CSCA certificates and what they signed to take back. Cheap to ask, made once.
#[derive(Clone, Default)]
pub struct Trust {
    authorities: Vec<Certificate>,
    revocation_lists: Vec<Revocations>,
}

/// A list and the keys that speak for the same authority as its signer's.
#[derive(Clone)]
struct Revocations {
    list: RevocationList,
    keys: Vec<Vec<u8>>,
}

/// What a master list brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MasterListReport {
    pub added: usize,
    /// No certificates of an authority, or not readable.
    pub refused: usize,
}

/// From the certificate asked about to a self-signed one.
pub(crate) struct Path<'a>(Vec<&'a Certificate>);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NoPath {
    /// Nobody of that name is known.
    UnknownIssuer,
    /// Somebody of that name is known, but did not sign.
    Signature(CertificateError),
    /// An authority signed that is itself signed by none known: a link without its
    /// root, or a changed certificate.
    Unanchored,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revocation {
    NoList,
    Listed,
    NotListed { stale: bool },
}

impl Trust {
    /// One CSCA certificate.
    ///
    /// # Errors
    /// As [`Trust::add_certificate`].
    pub fn from_der(certificate: &[u8]) -> Result<Trust, TrustError> {
        let mut trust = Trust::default();
        trust.add_certificate(certificate)?;
        Ok(trust)
    }

    /// A CSCA or link certificate in DER. A link counts only together with the
    /// certificate that signed it, in whichever order they come.
    ///
    /// # Errors
    /// It is none that may sign others, or names no country.
    pub fn add_certificate(&mut self, der: &[u8]) -> Result<(), TrustError> {
        let certificate = Certificate::parse(der)?;
        if !certificate.may_sign_certificates() {
            return Err(TrustError::NotAuthority);
        }
        if certificate.country().is_none() {
            return Err(TrustError::NoCountry);
        }
        if self.authorities.iter().any(|known| known.der == der) {
            return Ok(());
        }
        if self.authorities.len() == MOST {
            return Err(TrustError::TooMany);
        }
        self.authorities.push(certificate);
        Ok(())
    }

    /// All certificates of a master list whose signer one of `signer_roots` vouches for.
    ///
    /// # Errors
    /// It is not signed, not by a signer of master lists, or not under those roots:
    /// nothing is added. Single certificates that are no authority's are left out.
    pub fn add_master_list(
        &mut self,
        list: &[u8],
        signer_roots: &Trust,
    ) -> Result<MasterListReport, TrustError> {
        let mut report = MasterListReport::default();
        for certificate in master_list::verified_certificates(list, signer_roots)? {
            match self.add_certificate(&certificate) {
                Ok(()) => report.added += 1,
                Err(TrustError::TooMany) => return Err(TrustError::TooMany),
                Err(_) => report.refused += 1,
            }
        }
        Ok(report)
    }

    /// A revocation list in DER, after the CSCA certificate that signed it.
    ///
    /// # Errors
    /// None of those given signed it, or it is partial or indirect.
    pub fn add_crl(&mut self, der: &[u8]) -> Result<(), TrustError> {
        let list = RevocationList::parse(der)?;
        if self.revocation_lists.len() == MOST {
            return Err(TrustError::TooMany);
        }
        let may_sign = |authority: &&Certificate| {
            authority.subject == list.issuer
                && authority
                    .extensions
                    .key_usage
                    .is_none_or(|usage| usage.crl_sign())
        };
        for signer in self.authorities.iter().filter(may_sign) {
            if list.verify_signed_by(signer).is_err() {
                continue;
            }
            if let Some(path) = self.anchored(signer) {
                let keys = path.iter().map(|link| link.key_info.clone()).collect();
                self.revocation_lists.push(Revocations { list, keys });
                return Ok(());
            }
        }
        Err(TrustError::RevocationListSigner)
    }

    pub fn is_empty(&self) -> bool {
        self.authorities.is_empty()
    }

    pub fn len(&self) -> usize {
        self.authorities.len()
    }

    /// `countryName`s, in capitals.
    pub fn countries(&self) -> BTreeSet<String> {
        self.authorities
            .iter()
            .filter_map(Certificate::country)
            .collect()
    }

    /// Every way from `certificate` to a self-signed one.
    pub(crate) fn paths(&self, certificate: &Certificate) -> Result<Vec<Path<'_>>, NoPath> {
        let mut failure = NoPath::UnknownIssuer;
        let mut paths = Vec::new();
        let named = |authority: &&Certificate| authority.subject == certificate.issuer;
        for authority in self.authorities.iter().filter(named) {
            match certificate.verify_signed_by(authority) {
                Ok(()) => match self.anchored(authority) {
                    Some(path) => paths.push(Path(path)),
                    None => failure = NoPath::Unanchored,
                },
                Err(error) if failure == NoPath::UnknownIssuer => {
                    failure = NoPath::Signature(error);
                }
                Err(_) => {}
            }
        }
        if paths.is_empty() {
            Err(failure)
        } else {
            Ok(paths)
        }
    }

    /// The authority itself when it is self-signed, else the shortest way through the
    /// links of its own state to one that is. Each certificate is looked at once:
    /// links may lead in circles, and where many do, into more ways than can be gone.
    fn anchored<'a>(&'a self, authority: &'a Certificate) -> Option<Vec<&'a Certificate>> {
        /// A certificate, and the place of the one that it signed.
        struct Reached<'t> {
            certificate: &'t Certificate,
            from: Option<usize>,
            links: usize,
        }
        let mut reached = vec![Reached {
            certificate: authority,
            from: None,
            links: 0,
        }];
        let mut at = 0;
        while let Some(&Reached {
            certificate, links, ..
        }) = reached.get(at)
        {
            if certificate.issuer == certificate.subject
                && certificate.verify_signed_by(certificate).is_ok()
            {
                let mut path = Vec::new();
                let mut next = Some(at);
                while let Some(step) = next.and_then(|at| reached.get(at)) {
                    path.push(step.certificate);
                    next = step.from;
                }
                path.reverse();
                return Some(path);
            }
            if links < LONGEST_PATH {
                for older in &self.authorities {
                    let known = |other: &Reached<'_>| other.certificate.der == older.der;
                    if older.subject == certificate.issuer
                        && older.country() == certificate.country()
                        && !reached.iter().any(known)
                        && certificate.verify_signed_by(older).is_ok()
                    {
                        reached.push(Reached {
                            certificate: older,
                            from: Some(at),
                            links: links + 1,
                        });
                    }
                }
            }
            at += 1;
        }
        None
    }

    /// What the lists say of `certificate` and of the links on its path, in their order.
    pub(crate) fn revocations(
        &self,
        certificate: &Certificate,
        path: &Path<'_>,
        at: u64,
    ) -> Vec<Revocation> {
        std::iter::once(certificate)
            .chain(path.links())
            .zip(path.iter())
            .map(|(certificate, issuer)| self.revocation(certificate, issuer, at))
            .collect()
    }

    /// What the lists of `issuer`, or of its earlier and later keys, say of a
    /// certificate it signed. `at` in Unix seconds.
    fn revocation(&self, certificate: &Certificate, issuer: &Certificate, at: u64) -> Revocation {
        let mut found = Revocation::NoList;
        for revocations in &self.revocation_lists {
            let list = &revocations.list;
            if list.issuer != certificate.issuer && !revocations.keys.contains(&issuer.key_info) {
                continue;
            }
            if list.lists(certificate) {
                return Revocation::Listed;
            }
            let stale = list.next_update.is_some_and(|next| next < at);
            found = match found {
                Revocation::NotListed { stale: before } => Revocation::NotListed {
                    stale: before && stale,
                },
                _ => Revocation::NotListed { stale },
            };
        }
        found
    }
}

impl<'a> Path<'a> {
    /// The one that signed the certificate asked about.
    pub(crate) fn issuer(&self) -> Option<&'a Certificate> {
        self.0.first().copied()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &'a Certificate> + '_ {
        self.0.iter().copied()
    }

    /// Those that others signed: all but the self-signed one.
    pub(crate) fn links(&self) -> impl Iterator<Item = &'a Certificate> + '_ {
        self.iter().take(self.0.len().saturating_sub(1))
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Trust")
            .field("countries", &self.countries())
            .field("certificates", &self.authorities.len())
            .field("revocation_lists", &self.revocation_lists.len())
            .finish()
    }
}
