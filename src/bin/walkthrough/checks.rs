//! Strangers' eyes on the result: OpenSSL opens the key file and finds that the
//! certificate belongs to the key.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, bail, ensure};

/// Writes the certificate beside the key file's copy and compares public keys.
///
/// # Errors
/// OpenSSL does not open the file, or certificate and key do not belong together.
pub fn certificate_matches_key(p12: &Path, password_file: &Path, pem: &Path) -> anyhow::Result<()> {
    let pass = format!("file:{}", password_file.display());
    let certificate = openssl(&[
        "pkcs12",
        "-in",
        &text(p12)?,
        "-passin",
        &pass,
        "-clcerts",
        "-nokeys",
    ])?;
    let certificate = openssl_with_input(&["x509"], &certificate)?;
    std::fs::write(pem, &certificate)?;
    let of_certificate = openssl(&["x509", "-in", &text(pem)?, "-noout", "-pubkey"])?;
    let key = openssl(&[
        "pkcs12",
        "-in",
        &text(p12)?,
        "-passin",
        &pass,
        "-nocerts",
        "-nodes",
    ])?;
    let of_key = openssl_with_input(&["pkey", "-pubout"], &key)?;
    ensure!(
        of_certificate == of_key,
        "the certificate's key is not the key in {}",
        p12.display()
    );
    let subject = openssl(&["x509", "-in", &text(pem)?, "-noout", "-subject", "-issuer"])?;
    let subject = String::from_utf8_lossy(&subject).into_owned();
    ensure!(
        subject.contains("IIN") && subject.lines().count() == 2,
        "the certificate has an unexpected subject"
    );
    let lines: Vec<&str> = subject.lines().collect();
    ensure!(
        lines[0].trim_start_matches("subject=") != lines[1].trim_start_matches("issuer="),
        "the certificate is still the self-signed placeholder"
    );
    Ok(())
}

/// Writes the first certificate to `pem` and compares its public key with that of a
/// private key (PKCS#8, DER).
///
/// # Errors
/// They do not belong together, or OpenSSL reads one of them not.
pub fn certificate_is_for_key(certificates: &str, key: &[u8], pem: &Path) -> anyhow::Result<()> {
    let certificate = openssl_with_input(&["x509"], certificates.as_bytes())?;
    std::fs::write(pem, &certificate)?;
    let of_certificate = openssl(&["x509", "-in", &text(pem)?, "-noout", "-pubkey"])?;
    let of_key = openssl_with_input(&["pkey", "-inform", "DER", "-pubout"], key)?;
    ensure!(
        of_certificate == of_key,
        "the certificate's key is not the key beside it"
    );
    Ok(())
}

/// Hexadecimal, as OpenSSL writes it.
///
/// # Errors
/// OpenSSL does not read the certificate.
pub fn serial_number(pem: &Path) -> anyhow::Result<String> {
    let said = openssl(&["x509", "-in", &text(pem)?, "-noout", "-serial"])?;
    let said = String::from_utf8(said)?;
    let serial = said.trim().strip_prefix("serial=");
    Ok(serial.context("no serial number")?.to_owned())
}

/// What a revocation list says, as text.
///
/// # Errors
/// OpenSSL does not read the list.
pub fn revoked(list: &Path) -> anyhow::Result<String> {
    let said = openssl(&["crl", "-in", &text(list)?, "-noout", "-text"])?;
    Ok(String::from_utf8(said)?)
}

fn text(path: &Path) -> anyhow::Result<String> {
    Ok(path.to_str().context("a path is not UTF-8")?.to_owned())
}

fn openssl(arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
    finished(arguments, Command::new("openssl").args(arguments).output()?)
}

fn openssl_with_input(arguments: &[&str], input: &[u8]) -> anyhow::Result<Vec<u8>> {
    use std::io::Write;
    let mut child = Command::new("openssl")
        .args(arguments)
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()?;
    child.stdin.take().context("no input")?.write_all(input)?;
    finished(arguments, child.wait_with_output()?)
}

fn finished(arguments: &[&str], output: Output) -> anyhow::Result<Vec<u8>> {
    if !output.status.success() {
        bail!(
            "openssl {}: {}",
            arguments[0],
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(output.stdout)
}
