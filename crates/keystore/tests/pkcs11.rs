//! SoftHSM2 enrolled from end to end, and everything that can be met on the way.
//!
//! A module is initialised once in a process and takes its configuration from the
//! environment: each test runs in a process of its own, with a token of its own.

mod softhsm;
mod test_authority;

use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use exchange::{KeyAlgorithm, Secret, SubmissionId, UnixMillis, api::proof_bytes};
use faults::Fault;
use keystore::{
    KeyStorage, Pkcs11Storage, PublicKey, SlotContent, StorageError, Token, certificate, csr,
    pkcs11,
};
use softhsm::{SO_PIN, SoftHsm, alone, pin, raw, run};
use test_authority::{Citizen, TestAuthority};

const P256: KeyAlgorithm = KeyAlgorithm::EcdsaP256;

fn open() -> Pkcs11Storage {
    Pkcs11Storage::open(softhsm::profile()).unwrap()
}

/// A pending key on a fresh token.
fn pending() -> PublicKey {
    open().generate(P256, &pin()).unwrap()
}

#[test]
fn a_token_is_enrolled_from_end_to_end() {
    alone("a_token_is_enrolled_from_end_to_end", |token| {
        for algorithm in [KeyAlgorithm::Rsa2048, P256] {
            enrol(token, algorithm);
        }
        let seen = open().contents().unwrap();
        assert_eq!(seen.installed.len(), 2);
        assert_eq!((seen.pending.len(), seen.leftovers), (0, 0));
    });
}

fn enrol(token: &SoftHsm, algorithm: KeyAlgorithm) {
    let citizen = Citizen::aigul();
    let key = open().generate(algorithm, &pin()).unwrap();
    let id = key.id();
    assert_eq!(open().contents().unwrap().pending, [id]);
    assert_eq!(open().read_back(&id, &pin()).unwrap().chain, None);

    let request = keystore::request(&mut open(), &key, &pin(), citizen.subject(), None).unwrap();
    let request = csr::Request::verify(&request).unwrap();
    assert_eq!(*request.key(), key);

    let submission = SubmissionId::from_parts(UnixMillis(1_790_000_000_000), &[7; 10]);
    let nonce = "ab".repeat(32);
    let proof = keystore::prove(&mut open(), &id, &pin(), submission, &nonce).unwrap();
    assert!(key.verifies(&proof_bytes(submission, &nonce), &proof));

    let chain = TestAuthority::new().issue(&key);
    for _ in 0..2 {
        // Repeated, it only tries again.
        let stored = open().install(&id, &pin(), &chain).unwrap();
        let own = stored.chain.unwrap();
        assert_eq!(own.certificates(), &chain.certificates()[..1]);
    }
    let back = open().read_back(&id, &pin()).unwrap();
    assert_eq!(back.key, key);
    assert_eq!(
        back.chain.unwrap().certificate(),
        chain.certificate(),
        "{algorithm:?}"
    );
    let issuers = &chain.certificates()[1..];
    let tried = keystore::try_signature(&mut open(), &id, &pin(), "a text", issuers).unwrap();
    assert!(tried.ok);
    assert_eq!(*tried.subject, "СЕРІКҚЫЗЫ АЙГҮЛ");
    // A key with a certificate is never thrown away.
    open().discard(&id, &pin()).unwrap();
    assert!(open().contents().unwrap().installed.contains(&id));
    strangers_use_it(token, &key, &chain);
}

/// OpenSC's tool finds the certificate and signs; OpenSSL verifies.
fn strangers_use_it(token: &SoftHsm, key: &PublicKey, chain: &keystore::Chain) {
    let id = key.id().to_string();
    let [message, signature, found, public] =
        ["message", "signature", "found.der", "public.pem"].map(|n| token.path(n));
    std::fs::write(&message, b"a text").unwrap();
    let tool = |arguments: &[&str]| {
        let module = ["--module", softhsm::MODULE, "--token-label", softhsm::LABEL];
        run("pkcs11-tool", &[&module[..], arguments].concat())
    };
    let listed = tool(&["--list-objects", "--type", "cert"]);
    assert_eq!(
        listed.matches(&format!("ID:         {id}")).count(),
        1,
        "{listed}"
    );
    tool(&[
        "--read-object",
        "--type",
        "cert",
        "--id",
        &id,
        "--output-file",
        &found,
    ]);
    let der = der::Encode::to_der(chain.certificate()).unwrap();
    assert_eq!(std::fs::read(&found).unwrap(), der);

    let (mechanism, form) = match key.algorithm() {
        KeyAlgorithm::Rsa2048 => ("SHA256-RSA-PKCS", "rs"),
        KeyAlgorithm::EcdsaP256 => ("ECDSA", "openssl"),
    };
    let mut signed = message.clone();
    if key.algorithm() == P256 {
        signed = token.path("digest");
        run(
            "openssl",
            &["dgst", "-sha256", "-binary", "-out", &signed, &message],
        );
    }
    tool(&[
        "--login",
        "--pin",
        pin().expose(),
        "--sign",
        "--id",
        &id,
        "--mechanism",
        mechanism,
        "--signature-format",
        form,
        "--input-file",
        &signed,
        "--output-file",
        &signature,
    ]);
    let pem = certificate::to_pem(chain.certificate()).unwrap();
    std::fs::write(&found, pem).unwrap();
    run(
        "openssl",
        &["x509", "-in", &found, "-noout", "-pubkey", "-out", &public],
    );
    let checked = run(
        "openssl",
        &[
            "dgst",
            "-sha256",
            "-verify",
            &public,
            "-signature",
            &signature,
            &message,
        ],
    );
    assert!(checked.contains("Verified OK"), "{checked}");
}

#[test]
fn the_key_can_neither_be_read_nor_taken_along() {
    alone("the_key_can_neither_be_read_nor_taken_along", |_| {
        let key = pending();
        raw(|session| {
            let template = [
                Attribute::Class(ObjectClass::PRIVATE_KEY),
                Attribute::Id(key.id().as_bytes().to_vec()),
            ];
            let found = session.find_objects(&template).unwrap();
            assert_eq!(found.len(), 1);
            let asked = [
                AttributeType::Token,
                AttributeType::Private,
                AttributeType::Sensitive,
                AttributeType::Extractable,
                AttributeType::Sign,
                AttributeType::Value,
            ];
            let seen = session.get_attributes(found[0], &asked).unwrap();
            let expected = [
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Extractable(false),
                Attribute::Sign(true),
            ];
            assert_eq!(seen, expected, "and no value");
        });
    });
}

#[test]
fn a_token_with_its_first_pin_makes_no_key() {
    alone("a_token_with_its_first_pin_makes_no_key", |_| {
        let first = Secret::from("12345678");
        open().change_pin(&pin(), &Secret::from("9753")).unwrap();
        // Back to the published one as if it had come so.
        raw_set_pin("9753", first.expose());

        let error = open().generate(P256, &first).unwrap_err();
        assert_eq!(error.fault(), Fault::TokenPinDefault);
        assert_eq!(open().contents().unwrap(), Default::default());
        for refused in ["12345678", "123", ""] {
            let error = open().change_pin(&first, &refused.into()).unwrap_err();
            assert_eq!(error.fault(), Fault::TokenPinRule, "{refused}");
        }
        let wrong = Secret::from("00000000");
        let error = open().change_pin(&wrong, &pin()).unwrap_err();
        assert_eq!(error.fault(), Fault::TokenPinWrong);

        open().change_pin(&first, &pin()).unwrap();
        open().generate(P256, &pin()).unwrap();
    });
}

fn raw_set_pin(old: &str, new: &str) {
    softhsm::session(|session| {
        let user = cryptoki::session::UserType::User;
        session.login(user, Some(&old.into())).unwrap();
        session.set_pin(&old.into(), &new.into()).unwrap();
    });
}

#[test]
fn the_puk_sets_a_new_pin() {
    alone("the_puk_sets_a_new_pin", |_| {
        let key = pending();
        let forgotten = Secret::from("00000000");
        let error = open().sign(&key.id(), &forgotten, b"x").unwrap_err();
        assert_eq!(error.fault(), Fault::TokenPinWrong);
        let new = Secret::from("86420864");
        let error = open().unblock(&forgotten, &new).unwrap_err();
        assert_eq!(error.fault(), Fault::TokenPukWrong);
        open().unblock(&SO_PIN.into(), &new).unwrap();
        open().sign(&key.id(), &new, b"x").unwrap();
        assert!(open().sign(&key.id(), &pin(), b"x").is_err());

        let mut profile = softhsm::profile();
        profile.pin.unblocks = false;
        let mut without = Pkcs11Storage::open(profile).unwrap();
        assert_eq!(without.status().unwrap().puk, None);
        let error = without.unblock(&SO_PIN.into(), &pin()).unwrap_err();
        assert_eq!(error.fault(), Fault::TokenPinBlocked);
    });
}

#[test]
fn a_full_token_is_never_written_over() {
    alone("a_full_token_is_never_written_over", |_| {
        let mut profile = softhsm::profile();
        profile.keys.most = Some(1);
        let open = || Pkcs11Storage::open(profile.clone()).unwrap();
        assert!(open().status().unwrap().has_room());
        let key = open().generate(P256, &pin()).unwrap();
        let status = open().status().unwrap();
        assert!(!status.has_room());
        assert_eq!(status.slots.len(), 1);
        assert_eq!(status.slots[0].content, SlotContent::Pending(key.id()));
        for _ in 0..2 {
            let error = open().generate(P256, &pin()).unwrap_err();
            assert_eq!(error.fault(), Fault::TokenOccupied);
        }
        let chain = TestAuthority::new().issue(&key);
        open().install(&key.id(), &pin(), &chain).unwrap();
        let error = open().generate(P256, &pin()).unwrap_err();
        assert_eq!(error.fault(), Fault::TokenOccupied);
        open().read_back(&key.id(), &pin()).unwrap();

        // Only at the owner's word.
        let slots = open().status().unwrap().slots;
        assert_eq!(slots[0].content, SlotContent::Installed(key.id()));
        open().clear(&slots[0].name, &pin()).unwrap();
        assert_eq!(softhsm::objects(), 0);
        open().generate(P256, &pin()).unwrap();
    });
}

#[test]
fn where_making_a_key_erases_others_it_is_not_made() {
    alone("where_making_a_key_erases_others_it_is_not_made", |_| {
        let mut profile = softhsm::profile();
        profile.keys.generation_erases = true;
        let open = || Pkcs11Storage::open(profile.clone()).unwrap();
        let key = open().generate(P256, &pin()).unwrap();
        assert!(open().status().unwrap().generation_erases);
        let error = open().generate(P256, &pin()).unwrap_err();
        assert_eq!(error.fault(), Fault::TokenOccupied);
        open().discard(&key.id(), &pin()).unwrap();
        open().generate(P256, &pin()).unwrap();
    });
}

/// Every state that a cut while making a key can leave.
#[test]
fn a_cut_while_a_key_is_made_is_cleaned_up() {
    alone("a_cut_while_a_key_is_made_is_cleaned_up", |_| {
        let destroy = |class: ObjectClass| {
            raw(|session| {
                for object in session.find_objects(&[Attribute::Class(class)]).unwrap() {
                    session.destroy_object(object).unwrap();
                }
            });
        };
        type Cut<'a> = (&'a str, &'a [ObjectClass], usize);
        let cuts: [Cut<'_>; 3] = [
            ("before the placeholder", &[ObjectClass::CERTIFICATE], 1),
            (
                "half destroyed",
                &[ObjectClass::CERTIFICATE, ObjectClass::PRIVATE_KEY],
                1,
            ),
            // Nobody but the owner sees that it is there.
            (
                "private half alone",
                &[ObjectClass::CERTIFICATE, ObjectClass::PUBLIC_KEY],
                0,
            ),
        ];
        for (cut, gone, seen) in cuts {
            let lost = pending();
            gone.iter().for_each(|class| destroy(*class));
            let contents = open().contents().unwrap();
            assert_eq!(contents.leftovers, seen, "{cut}");
            assert!(contents.pending.is_empty(), "{cut}");
            assert_eq!(open().remove_leftovers().unwrap(), 0, "needs the owner");
            assert_eq!(
                open().remove_leftovers_as_owner(&pin()).unwrap(),
                1,
                "{cut}"
            );
            assert_eq!(softhsm::objects(), 0, "{cut}");
            let error = open().sign(&lost.id(), &pin(), b"x").unwrap_err();
            assert!(matches!(error, StorageError::NoKey));

            // Making the next key does the same.
            pending();
            gone.iter().for_each(|class| destroy(*class));
            let key = pending();
            assert_eq!(open().contents().unwrap().pending, [key.id()], "{cut}");
            assert_eq!(softhsm::objects(), 3, "{cut}");
            open().discard(&key.id(), &pin()).unwrap();
            assert_eq!(softhsm::objects(), 0, "{cut}");
        }
    });
}

/// Every state that a cut while installing can leave: the certificate beside the
/// placeholder, the certificate alone, an older certificate beside the new one.
#[test]
fn installing_again_after_a_cut_ends_well() {
    alone("installing_again_after_a_cut_ends_well", |_| {
        let key = pending();
        let id = key.id();
        let (first, second) = (
            TestAuthority::new().issue(&key),
            TestAuthority::new().issue(&key),
        );
        let add = |chain: &keystore::Chain| {
            let der = der::Encode::to_der(chain.certificate()).unwrap();
            let tbs = chain.certificate().tbs_certificate();
            let subject = der::Encode::to_der(tbs.subject()).unwrap();
            raw(|session| {
                let x509 = cryptoki::object::CertificateType::X_509;
                let template = [
                    Attribute::Class(ObjectClass::CERTIFICATE),
                    Attribute::CertificateType(x509),
                    Attribute::Token(true),
                    Attribute::Private(false),
                    Attribute::Id(id.as_bytes().to_vec()),
                    Attribute::Subject(subject.clone()),
                    Attribute::Value(der.clone()),
                ];
                session.create_object(&template).unwrap();
            });
        };
        let install = |chain: &keystore::Chain| {
            let stored = open().install(&id, &pin(), chain).unwrap();
            let own = stored.chain.unwrap();
            assert_eq!(own.certificate(), chain.certificate());
            let seen = open().contents().unwrap();
            assert_eq!((seen.pending, seen.installed), (vec![], vec![id]));
            assert_eq!(softhsm::objects(), 3);
        };
        add(&first);
        assert_eq!(softhsm::objects(), 4);
        assert_eq!(open().contents().unwrap().installed, [id]);
        install(&first);
        // Revoked before it was confirmed: the next one replaces it.
        add(&second);
        install(&second);
        install(&first);
    });
}

#[test]
fn others_keys_are_seen_and_left_alone() {
    alone("others_keys_are_seen_and_left_alone", |token| {
        let module = ["--module", softhsm::MODULE, "--token-label", softhsm::LABEL];
        let pin_of_owner = pin();
        let owner = ["--login", "--pin", pin_of_owner.expose()];
        let made = |kind, id| {
            let arguments = [
                "--keypairgen",
                "--key-type",
                kind,
                "--id",
                id,
                "--label",
                "mine",
            ];
            run("pkcs11-tool", &[&module[..], &owner, &arguments].concat());
        };
        // One without any certificate, one with a certificate of a kind not known here,
        // one with a certificate that its owner signed for himself.
        made("EC:prime256v1", "01");
        made("EC:secp384r1", "02");
        let others = softhsm::objects();
        let [key, own] = ["k.pem", "c.der"].map(|n| token.path(n));
        let subject = ["-subj", "/CN=PENDING", "-outform", "DER", "-out", &own];
        let new = [
            "req",
            "-x509",
            "-extensions",
            "usr_cert",
            "-newkey",
            "ec",
            "-nodes",
            "-keyout",
            &key,
        ];
        for (curve, id) in [("P-384", "02"), ("P-256", "03")] {
            let curve = format!("ec_paramgen_curve:{curve}");
            run(
                "openssl",
                &[&new[..], &["-pkeyopt", &curve], &subject].concat(),
            );
            let write = ["--write-object", &own, "--type", "cert", "--id", id];
            run("pkcs11-tool", &[&module[..], &owner, &write].concat());
        }
        let seen = open().contents().unwrap();
        assert_eq!((seen.pending.len(), seen.leftovers), (0, 0));
        assert_eq!(seen.installed.len(), 1, "the self-signed one");
        let unknown = open().status().unwrap().slots;
        let unknown = unknown.iter().filter(|s| s.content == SlotContent::Unknown);
        assert_eq!(unknown.count(), 2);

        let key = pending();
        open().discard(&key.id(), &pin()).unwrap();
        open().discard(&seen.installed[0], &pin()).unwrap();
        assert_eq!(open().remove_leftovers_as_owner(&pin()).unwrap(), 0);
        assert_eq!(softhsm::objects(), others + 2);
    });
}

#[test]
fn nothing_changes_with_a_wrong_pin_or_a_foreign_certificate() {
    alone(
        "nothing_changes_with_a_wrong_pin_or_a_foreign_certificate",
        |_| {
            let key = pending();
            let id = key.id();
            let chain = TestAuthority::new().issue(&key);
            for wrong in ["00000000", "", "1", &"9".repeat(200)] {
                let wrong = Secret::from(wrong);
                let mut token = open();
                for refused in [
                    token.generate(P256, &wrong).err(),
                    token.install(&id, &wrong, &chain).err(),
                    token.discard(&id, &wrong).err(),
                    token.read_back(&id, &wrong).err(),
                ] {
                    assert_eq!(refused.unwrap().fault(), Fault::TokenPinWrong, "{wrong:?}");
                }
            }
            let other = keystore::PrivateKey::generate(P256).unwrap();
            let foreign = TestAuthority::new().issue(other.public());
            let error = open().install(&id, &pin(), &foreign).unwrap_err();
            assert!(matches!(error, StorageError::ForeignCertificate));
            let none = other.public().id();
            let error = open().install(&none, &pin(), &foreign).unwrap_err();
            assert!(matches!(error, StorageError::NoKey));
            assert_eq!(open().contents().unwrap().pending, [id]);
            assert_eq!(softhsm::objects(), 3);
        },
    );
}

#[test]
fn the_token_that_is_meant_is_found() {
    alone("the_token_that_is_meant_is_found", |token| {
        let profile = softhsm::profile();
        let fault = |p: &pkcs11::Profile| {
            let opened = Pkcs11Storage::open(p.clone());
            let contents = opened.and_then(|mut t| t.contents());
            contents.err().map(|e| e.fault())
        };
        assert_eq!(fault(&profile), None);

        let mut other = profile.clone();
        other.labels = vec!["Another".into()];
        assert_eq!(fault(&other), Some(Fault::TokenUnknown));
        let found = |profiles: &[&pkcs11::Profile]| {
            let all = profiles.iter().map(|p| (*p).clone());
            let found = pkcs11::find(all, profile.storage);
            found.map(|t| t.profile().id.clone()).map_err(|e| e.fault())
        };
        let mut nowhere = profile.clone();
        nowhere.module = Some("/nonexistent/module.so".into());
        assert_eq!(fault(&nowhere), Some(Fault::TokenFailed));
        let mut unnamed = profile.clone();
        unnamed.module = None;
        assert_eq!(fault(&unnamed), Some(Fault::TokenUnknown));
        assert_eq!(
            found(&[&nowhere, &unnamed, &other, &profile]),
            Ok("softhsm2".into())
        );
        assert_eq!(found(&[&other]), Err(Fault::TokenUnknown));

        token.add("Second");
        assert_eq!(fault(&profile), Some(Fault::TokenSeveral));
        assert_eq!(found(&[&other, &profile]), Err(Fault::TokenSeveral));
        let mut second = profile.clone();
        second.labels = vec!["Second".into()];
        assert_eq!(fault(&second), None);
    });
}

#[test]
fn a_token_that_makes_no_such_key_says_so() {
    alone("a_token_that_makes_no_such_key_says_so", |_| {
        let mut profile = softhsm::profile();
        profile.keys.algorithms = vec![KeyAlgorithm::Rsa2048];
        let mut token = Pkcs11Storage::open(profile).unwrap();
        assert_eq!(token.status().unwrap().algorithms, [KeyAlgorithm::Rsa2048]);
        let error = token.generate(P256, &pin()).unwrap_err();
        assert_eq!(error.fault(), Fault::TokenUnknown);
    });
}

/// The other ways to the same signature: digests made here, and the PIN again.
#[test]
fn signatures_are_the_same_by_every_mechanism() {
    alone("signatures_are_the_same_by_every_mechanism", |_| {
        let key = open().generate(KeyAlgorithm::Rsa2048, &pin()).unwrap();
        let mut profile = softhsm::profile();
        profile.keys.rsa = pkcs11::RsaMechanism::RsaPkcs;
        let mut made_here = Pkcs11Storage::open(profile).unwrap();
        let signature = made_here.sign(&key.id(), &pin(), b"a text").unwrap();
        drop(made_here);
        assert!(key.verifies(b"a text", &signature));
        assert_eq!(
            open().sign(&key.id(), &pin(), b"a text").unwrap(),
            signature
        );
    });
}

#[test]
fn the_module_is_let_go_of() {
    alone("the_module_is_let_go_of", |_| {
        let first = open();
        let second = Pkcs11Storage::open(softhsm::profile());
        let error = second.err().expect("one at a time in a process");
        assert_eq!(error.fault(), Fault::TokenFailed);
        drop(first);
        open().contents().unwrap();
    });
}
