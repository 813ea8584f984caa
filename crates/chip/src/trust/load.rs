//! Trust from files: certificates, master lists and revocation lists, DER or PEM.

use std::path::Path;

use super::{Trust, TrustError};
use crate::signed_data::SignedData;

/// Ten times the largest master list that states publish.
const LARGEST: u64 = 16 * 1024 * 1024;
const MOST_FILES: usize = 4096;

/// One object of a file, by what its first bytes say or its PEM label.
enum Object {
    Certificate(Vec<u8>),
    MasterList(Vec<u8>),
    RevocationList(Vec<u8>),
}

impl Trust {
    /// One file, or all files of one folder but hidden ones. Master lists count only
    /// when a certificate that lies beside them vouches for their signer.
    ///
    /// # Errors
    /// Names the file that is not what it should be: a folder with one such is not
    /// half believed.
    pub fn load(path: &Path) -> Result<Trust, TrustError> {
        let mut objects = Vec::new();
        for file in files(path).map_err(|error| at(path, TrustError::Read(error)))? {
            if objects.len() >= MOST_FILES {
                return Err(at(path, TrustError::TooMany));
            }
            for object in read(&file).map_err(|reason| at(&file, reason))? {
                objects.push((file.clone(), object));
            }
        }
        let mut trust = Trust::default();
        for (file, object) in &objects {
            if let Object::Certificate(der) = object {
                trust
                    .add_certificate(der)
                    .map_err(|error| at(file, error))?;
            }
        }
        let roots = trust.clone();
        for (file, object) in &objects {
            if let Object::MasterList(der) = object {
                trust
                    .add_master_list(der, &roots)
                    .map_err(|error| at(file, error))?;
            }
        }
        for (file, object) in &objects {
            if let Object::RevocationList(der) = object {
                trust.add_crl(der).map_err(|error| at(file, error))?;
            }
        }
        Ok(trust)
    }
}

fn at(path: &Path, reason: TrustError) -> TrustError {
    TrustError::File {
        path: path.to_owned(),
        reason: Box::new(reason),
    }
}

fn files(path: &Path) -> std::io::Result<Vec<std::path::PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        if !hidden && !entry.path().is_dir() {
            files.push(entry.path());
        }
        if files.len() > MOST_FILES {
            break;
        }
    }
    files.sort();
    Ok(files)
}

fn read(file: &Path) -> Result<Vec<Object>, TrustError> {
    use std::io::Read;
    let mut bytes = Vec::new();
    std::fs::File::open(file)
        .and_then(|opened| opened.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(TrustError::Read)?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size > LARGEST) {
        return Err(TrustError::Size(LARGEST));
    }
    objects(bytes)
}

fn objects(bytes: Vec<u8>) -> Result<Vec<Object>, TrustError> {
    if let Some(text) = std::str::from_utf8(&bytes)
        .ok()
        .filter(|text| text.contains("-----BEGIN "))
    {
        return pem(text);
    }
    let object = if SignedData::is_announced_by(&bytes) {
        Object::MasterList(bytes)
    } else if crate::revocation_list::RevocationList::parse(&bytes).is_ok() {
        Object::RevocationList(bytes)
    } else if bytes.first() == Some(&crate::der_cursor::SEQUENCE) {
        Object::Certificate(bytes)
    } else {
        return Err(TrustError::Unknown);
    };
    Ok(vec![object])
}

/// Every block of a PEM file (RFC 7468); what stands between them is nobody's.
fn pem(text: &str) -> Result<Vec<Object>, TrustError> {
    let mut objects = Vec::new();
    let mut rest = text;
    while let Some((_, block)) = rest.split_once("-----BEGIN ") {
        let (label, block) = block.split_once("-----").ok_or(TrustError::Unknown)?;
        let end = format!("-----END {label}-----");
        let (base64, behind) = block.split_once(&end).ok_or(TrustError::Unknown)?;
        let base64: String = base64.split_ascii_whitespace().collect();
        let der = openssl::base64::decode_block(&base64).map_err(|_| TrustError::Unknown)?;
        objects.push(match label {
            "CERTIFICATE" => Object::Certificate(der),
            "CMS" | "PKCS7" => Object::MasterList(der),
            "X509 CRL" => Object::RevocationList(der),
            _ => return Err(TrustError::Unknown),
        });
        rest = behind;
    }
    Ok(objects)
}
