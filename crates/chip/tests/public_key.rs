//! Keys as they stand in certificates, and what is refused of them.

use chip::curve::Curve;
use chip::digest_algorithm::DigestAlgorithm;
use chip::public_key::{EcPublicKey, KeyError, PublicKey, VerifyError};
use chip::signature_algorithm::{PssParameters, SignatureAlgorithm};
use openssl::bn::{BigNum, BigNumContext};
use openssl::ec::{Asn1Flag, EcGroup, EcKey, PointConversionForm};
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::rsa::{Padding, Rsa};
use openssl::sign::{RsaPssSaltlen, Signer};
use proptest::prelude::*;

/// A key on `curve`, its parameters spelt out.
fn explicit_spki(curve: Curve) -> Vec<u8> {
    let mut group = curve.group().unwrap();
    group.set_asn1_flag(Asn1Flag::EXPLICIT_CURVE);
    let key = EcKey::generate(&group).unwrap();
    PKey::from_ec_key(key).unwrap().public_key_to_der().unwrap()
}

#[test]
fn every_curve_signs_named_and_spelt_out() {
    for curve in Curve::all() {
        let key = EcKey::generate(&curve.group().unwrap()).unwrap();
        let pkey = PKey::from_ec_key(key).unwrap();
        let public = PublicKey::from_spki(&pkey.public_key_to_der().unwrap()).unwrap();
        assert_eq!(public.ec().unwrap().curve(), curve);
        for digest in DigestAlgorithm::ALL {
            let mut signer = Signer::new(digest.message_digest(), &pkey).unwrap();
            let signature = signer.sign_oneshot_to_vec(b"message").unwrap();
            let algorithm = SignatureAlgorithm::Ecdsa(digest);
            assert_eq!(public.verify(&algorithm, b"message", &signature), Ok(()));
            assert_eq!(
                public.verify(&algorithm, b"messagf", &signature),
                Err(VerifyError::Wrong)
            );
        }
        let spelt = PublicKey::from_spki(&explicit_spki(curve)).unwrap();
        assert_eq!(spelt.ec().unwrap().curve(), curve, "{curve}");
    }
}

/// Field, a, b, generator, order and cofactor, each with its last bit changed.
#[test]
fn explicit_parameters_with_one_number_changed_are_refused() {
    for curve in Curve::all() {
        let der = explicit_spki(curve);
        let group = curve.group().unwrap();
        let mut context = BigNumContext::new().unwrap();
        let new = || BigNum::new().unwrap();
        let (mut p, mut a, mut b, mut order) = (new(), new(), new(), new());
        group
            .components_gfp(&mut p, &mut a, &mut b, &mut context)
            .unwrap();
        group.order(&mut order, &mut context).unwrap();
        let base = group
            .generator_opt()
            .unwrap()
            .to_bytes(&group, PointConversionForm::UNCOMPRESSED, &mut context)
            .unwrap();
        let order = order.to_vec();
        for number in [&p.to_vec(), &a.to_vec(), &b.to_vec(), &base, &order] {
            let at = der
                .windows(number.len())
                .position(|window| window == number)
                .unwrap();
            let mut other = der.clone();
            other[at + number.len() - 1] ^= 1;
            assert!(PublicKey::from_spki(&other).is_err(), "{curve}");
        }
        // The cofactor 1 stands between the order and the public key's BIT STRING.
        let at = der
            .windows(order.len())
            .rposition(|window| window == order)
            .unwrap()
            + order.len();
        assert_eq!(der[at..at + 3], [2, 1, 1], "{curve}");
        let mut other = der.clone();
        other[at + 2] = 2;
        assert!(PublicKey::from_spki(&other).is_err(), "{curve}");
    }
}

/// secp256k1 is a sound curve, but no document's.
#[test]
fn other_curves_are_refused_by_name_and_spelt_out() {
    for flag in [Asn1Flag::NAMED_CURVE, Asn1Flag::EXPLICIT_CURVE] {
        let mut group = EcGroup::from_curve_name(openssl::nid::Nid::SECP256K1).unwrap();
        group.set_asn1_flag(flag);
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        assert!(matches!(
            PublicKey::from_spki(&key.public_key_to_der().unwrap()),
            Err(KeyError::Curve(_))
        ));
    }
}

#[test]
fn a_compressed_point_is_taken_and_one_beside_the_curve_is_not() {
    let curve = Curve::all()
        .find(|c| c.name() == "brainpoolP256r1")
        .unwrap();
    let group = curve.group().unwrap();
    let key = EcKey::generate(&group).unwrap();
    let mut context = BigNumContext::new().unwrap();
    let mut point = |form| {
        key.public_key()
            .to_bytes(&group, form, &mut context)
            .unwrap()
    };
    let compressed = point(PointConversionForm::COMPRESSED);
    let uncompressed = point(PointConversionForm::UNCOMPRESSED);
    let hybrid = point(PointConversionForm::HYBRID);
    for right in [&compressed, &uncompressed] {
        assert!(EcPublicKey::from_point(curve, right).is_ok());
    }
    let mut beside = uncompressed;
    *beside.last_mut().unwrap() ^= 1;
    for wrong in [&hybrid[..], &beside, &[0], &[], &[4]] {
        assert!(EcPublicKey::from_point(curve, wrong).is_err());
    }
}

#[test]
fn rsa_with_unusual_exponents_signs_pkcs1_and_pss() {
    for (bits, exponent) in [(1024, 3), (2048, 38129), (2048, 65537)] {
        let e = BigNum::from_u32(exponent).unwrap();
        // OpenSSL makes no key for some exponents at the first try.
        let rsa = loop {
            if let Ok(rsa) = Rsa::generate_with_e(bits, &e) {
                break rsa;
            }
        };
        let pkey = PKey::from_rsa(rsa).unwrap();
        let public = PublicKey::from_spki(&pkey.public_key_to_der().unwrap()).unwrap();
        for digest in DigestAlgorithm::ALL {
            let mut signer = Signer::new(digest.message_digest(), &pkey).unwrap();
            let signature = signer.sign_oneshot_to_vec(b"message").unwrap();
            let algorithm = SignatureAlgorithm::RsaPkcs1(digest);
            assert_eq!(public.verify(&algorithm, b"message", &signature), Ok(()));
            assert!(public.verify(&algorithm, b"other", &signature).is_err());
        }
        // Another hash in the mask than over the message, and any salt.
        for salt_length in [0u16, 20, 32, 50] {
            let mut signer = Signer::new(MessageDigest::sha256(), &pkey).unwrap();
            signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
            signer
                .set_rsa_pss_saltlen(RsaPssSaltlen::custom(i32::from(salt_length)))
                .unwrap();
            signer.set_rsa_mgf1_md(MessageDigest::sha1()).unwrap();
            let signature = signer.sign_oneshot_to_vec(b"message").unwrap();
            let mut parameters = PssParameters {
                digest: DigestAlgorithm::Sha256,
                mask_digest: DigestAlgorithm::Sha1,
                salt_length,
            };
            let verify = |parameters| {
                public.verify(
                    &SignatureAlgorithm::RsaPss(parameters),
                    b"message",
                    &signature,
                )
            };
            assert_eq!(verify(parameters), Ok(()));
            parameters.salt_length += 1;
            assert_eq!(verify(parameters), Err(VerifyError::Wrong));
        }
    }
}

/// RFC 4055, 3.3: a key of `id-RSASSA-PSS` signs with nothing else, and with
/// parameters only with those hashes and at least that salt.
#[test]
fn an_rsa_key_for_pss_alone_keeps_to_it() {
    use der::Encode;
    use der::asn1::Any;
    let sequence = |content: Vec<u8>| {
        Any::new(der::Tag::Sequence, content)
            .unwrap()
            .to_der()
            .unwrap()
    };
    let rsa = Rsa::generate(2048).unwrap();
    let bits = der::asn1::BitString::from_bytes(&rsa.public_key_to_der_pkcs1().unwrap()).unwrap();
    let oid = hex::decode("06092a864886f70d01010a").unwrap();
    // SHA-256, MGF1 with SHA-256, 32 bytes of salt.
    let parameters = hex::decode(
        "3030a00d300b0609608648016503040201\
         a11a301806092a864886f70d010108300b0609608648016503040201a203020120",
    )
    .unwrap();
    let key = |parameters: &[u8]| {
        let algorithm = sequence([&oid, parameters].concat());
        PublicKey::from_spki(&sequence([algorithm, bits.to_der().unwrap()].concat()))
    };
    let pkey = PKey::from_rsa(rsa.clone()).unwrap();
    let signed = |salt: u16| {
        let mut signer = Signer::new(MessageDigest::sha256(), &pkey).unwrap();
        signer.set_rsa_padding(Padding::PKCS1_PSS).unwrap();
        signer
            .set_rsa_pss_saltlen(RsaPssSaltlen::custom(i32::from(salt)))
            .unwrap();
        let parameters = PssParameters {
            digest: DigestAlgorithm::Sha256,
            mask_digest: DigestAlgorithm::Sha256,
            salt_length: salt,
        };
        let signature = signer.sign_oneshot_to_vec(b"message").unwrap();
        (SignatureAlgorithm::RsaPss(parameters), signature)
    };
    let verify = |key: &PublicKey, (algorithm, signature): (SignatureAlgorithm, Vec<u8>)| {
        key.verify(&algorithm, b"message", &signature)
    };
    let (free, bound) = (key(&[]).unwrap(), key(&parameters).unwrap());
    assert_eq!(verify(&free, signed(20)), Ok(()));
    assert_eq!(verify(&bound, signed(32)), Ok(()));
    assert_eq!(verify(&bound, signed(40)), Ok(()));
    assert_eq!(verify(&bound, signed(20)), Err(VerifyError::PssRestricted));
    let mut pkcs1 = Signer::new(MessageDigest::sha256(), &pkey).unwrap();
    let signature = pkcs1.sign_oneshot_to_vec(b"message").unwrap();
    for key in [free, bound] {
        let algorithm = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256);
        assert_eq!(
            verify(&key, (algorithm, signature.clone())),
            Err(VerifyError::OtherKind)
        );
    }
    assert!(key(&parameters[..10]).is_err());
}

/// `SEQUENCE { modulus, exponent }` under `rsaEncryption`.
fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    use der::Encode;
    use der::asn1::{Any, BitString, UintRef};
    let number = |bytes| UintRef::new(bytes).unwrap().to_der().unwrap();
    let sequence = |content: Vec<u8>| {
        Any::new(der::Tag::Sequence, content)
            .unwrap()
            .to_der()
            .unwrap()
    };
    let key = sequence([number(modulus), number(exponent)].concat());
    let algorithm = hex::decode("300d06092a864886f70d0101010500").unwrap();
    let bits = BitString::from_bytes(&key).unwrap().to_der().unwrap();
    sequence([algorithm, bits].concat())
}

#[test]
fn rsa_numbers_out_of_bounds_are_refused() {
    let modulus = |bytes: usize| {
        let mut n = vec![0xFF; bytes];
        n[bytes - 1] = 1;
        n
    };
    assert!(PublicKey::from_spki(&rsa_spki(&modulus(768), &[3])).is_ok());
    for (bytes, exponent, error) in [
        (769, &[3][..], KeyError::Size(6152)),
        (127, &[3], KeyError::Size(1016)),
        (256, &[1], KeyError::Exponent),
        (256, &[0], KeyError::Exponent),
        (256, &[4], KeyError::Exponent),
        (256, &[0xFF; 9], KeyError::Exponent),
    ] {
        let refused = PublicKey::from_spki(&rsa_spki(&modulus(bytes), exponent));
        assert_eq!(refused.map(|_| ()), Err(error));
    }
}

/// An X9.42 key: p, g and q, and y.
fn dh_spki(numbers: [&openssl::bn::BigNumRef; 3], public: &openssl::bn::BigNumRef) -> Vec<u8> {
    use der::Encode;
    use der::asn1::{Any, BitString, UintRef};
    let number = |n: &openssl::bn::BigNumRef| {
        let bytes = n.to_vec_padded(n.num_bytes().max(1)).unwrap();
        UintRef::new(&bytes).unwrap().to_der().unwrap()
    };
    let sequence = |content: Vec<u8>| {
        Any::new(der::Tag::Sequence, content)
            .unwrap()
            .to_der()
            .unwrap()
    };
    let parameters = sequence(numbers.map(number).concat());
    let algorithm = [hex::decode("06072a8648ce3e0201").unwrap(), parameters].concat();
    let bits = BitString::from_bytes(&number(public)).unwrap();
    sequence([sequence(algorithm), bits.to_der().unwrap()].concat())
}

#[test]
fn dh_keys_outside_their_group_are_refused() {
    let group = openssl::dh::Dh::get_2048_256().unwrap();
    let (p, g, q) = (group.prime_p(), group.generator(), group.prime_q().unwrap());
    let mut context = BigNumContext::new().unwrap();
    let mut y = BigNum::new().unwrap();
    let secret = BigNum::from_u32(123_456_789).unwrap();
    y.mod_exp(g, &secret, p, &mut context).unwrap();
    let key = PublicKey::from_spki(&dh_spki([p, g, q], &y)).unwrap();
    assert_eq!(key.dh().unwrap().public, y.to_vec());
    assert_eq!(format!("{key:?}"), "DH 2048");

    let small = |n| BigNum::from_u32(n).unwrap();
    let mut last = p.to_owned().unwrap();
    last.sub_word(1).unwrap();
    // 2 is no element of the subgroup; 0, 1 and p - 1 are of order 2 at most.
    for wrong in [
        &small(0),
        &small(1),
        &small(2),
        &last,
        &p.to_owned().unwrap(),
    ] {
        let refused = PublicKey::from_spki(&dh_spki([p, g, q], wrong));
        assert_eq!(refused.map(|_| ()), Err(KeyError::DhRange));
    }
    for order in [&small(0), &small(1), p] {
        assert!(PublicKey::from_spki(&dh_spki([p, g, order], &small(2))).is_err());
    }
    // Such a key signs nothing.
    let algorithm = SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256);
    assert_eq!(
        key.verify(&algorithm, b"", b""),
        Err(VerifyError::OtherKind)
    );
}

/// The plain format of active authentication: r and s side by side.
#[test]
fn plain_ecdsa_is_verified_and_other_lengths_are_refused() {
    for curve in Curve::all() {
        let key = EcKey::generate(&curve.group().unwrap()).unwrap();
        let half = i32::try_from(key.group().order_bits().div_ceil(8)).unwrap();
        let digest = DigestAlgorithm::Sha256;
        let signature =
            openssl::ecdsa::EcdsaSig::sign(&digest.digest(b"challenge").unwrap(), &key).unwrap();
        let plain = [
            signature.r().to_vec_padded(half).unwrap(),
            signature.s().to_vec_padded(half).unwrap(),
        ]
        .concat();
        let pkey = PKey::from_ec_key(key).unwrap();
        let public = PublicKey::from_spki(&pkey.public_key_to_der().unwrap()).unwrap();
        let verify = |signature: &[u8]| {
            public.verify(
                &SignatureAlgorithm::EcdsaPlain(digest),
                b"challenge",
                signature,
            )
        };
        assert_eq!(verify(&plain), Ok(()));
        assert!(verify(&plain[1..]).is_err());
        assert!(verify(&[&plain[..], &[0]].concat()).is_err());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = PublicKey::from_spki(&bytes);
    }

    #[test]
    fn never_panics_on_a_changed_key(at in 0usize..400, value in any::<u8>()) {
        let mut der = explicit_spki(Curve::all().nth(2).unwrap());
        if let Some(byte) = der.get_mut(at) {
            *byte = value;
        }
        let _ = PublicKey::from_spki(&der);
    }
}
