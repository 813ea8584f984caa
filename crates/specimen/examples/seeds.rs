//! Writes the inputs that fuzzing starts from: `seeds fuzz/corpus`. They are the files
//! of specimens, in the form each target of `fuzz/` reads.

use std::path::PathBuf;
use std::{env, fs, process};

use chip::cipher::Cipher;
use chip::pace::algorithm::Mapping;
use chip::{CardChannel, ChannelError, DataGroup, FileId, ReadRequest};
use openssl::nid::Nid;
use specimen::{
    ActiveKey, Authority, AuthorityConfig, ChipConfig, Digest, Pace, Scheme, SeededRandom,
    Specimen, SpecimenChip, SpecimenConfig, portrait,
};

type Failure = Box<dyn std::error::Error>;

fn main() {
    let Some(folder) = env::args_os().nth(1) else {
        eprintln!("usage: seeds FOLDER");
        process::exit(2);
    };
    if let Err(error) = write(&Corpus(folder.into())) {
        eprintln!("{error}");
        process::exit(1);
    }
}

struct Corpus(PathBuf);

impl Corpus {
    fn add(&self, target: &str, name: &str, content: &[u8]) -> Result<(), Failure> {
        let folder = self.0.join(target);
        fs::create_dir_all(&folder)?;
        Ok(fs::write(folder.join(name), content)?)
    }
}

fn write(corpus: &Corpus) -> Result<(), Failure> {
    // The targets make the same ones.
    let mut random = SeededRandom::new(1);
    // RSA is verified in microseconds, brainpool curves in milliseconds.
    let rsa = Scheme::RsaPkcs1 {
        bits: 2048,
        exponent: 65537,
        digest: Digest::Sha256,
    };
    let quick = AuthorityConfig {
        csca: rsa,
        signer: rsa,
        ..AuthorityConfig::default()
    };
    let authority = Authority::with("KZ", quick, &mut random)?;
    let card = SpecimenConfig::identity_card(portrait::silhouette(9_000)?);
    let card = Specimen::new(card, &authority, &mut random)?;
    let passport = SpecimenConfig {
        active_authentication: Some(ActiveKey::Rsa {
            bits: 1024,
            digest: Digest::Sha1,
        }),
        iin: None,
        ..SpecimenConfig::passport(portrait::silhouette(9_000)?)
    };
    let unusual = AuthorityConfig {
        csca: Scheme::RsaPss {
            bits: 2048,
            exponent: 3,
            digest: Digest::Sha256,
        },
        signer: Scheme::Ecdsa {
            curve: Nid::BRAINPOOL_P512R1,
            digest: Digest::Sha512,
            explicit_parameters: true,
        },
        ..AuthorityConfig::default()
    };
    let other = Authority::with("UT", unusual, &mut random)?;
    let passport = Specimen::new(passport, &other, &mut random)?;

    for (name, specimen, authority) in
        [("card", &card, &authority), ("passport", &passport, &other)]
    {
        files(corpus, name, specimen)?;
        corpus.add("trust", &format!("{name}-csca"), authority.csca_der())?;
        corpus.add("trust", &format!("{name}-signer"), authority.signer_der())?;
        let list = authority.master_list(&[authority.csca_der()], &mut random)?;
        corpus.add("trust", &format!("{name}-list"), &list)?;
        let revoked = authority.revocation_list(true, "260101000000Z", &mut random)?;
        corpus.add("trust", &format!("{name}-revoked"), &revoked)?;
        corpus.add("mrz", name, specimen.mrz.join("\n").as_bytes())?;
        answers(corpus, name, specimen)?;
    }
    // EF.CardSecurity.
    let mapping = SpecimenConfig {
        pace: Some(Pace {
            mapping: Mapping::ChipAuthentication,
            cipher: Cipher::Aes128,
            parameter_id: 13,
        }),
        ..SpecimenConfig::identity_card(portrait::silhouette(9_000)?)
    };
    let mapping = Specimen::new(mapping, &authority, &mut random)?;
    files(corpus, "mapping", &mapping)?;
    answers(corpus, "mapping", &mapping)?;
    corpus.add("mrz", "key", b"041236587\n880412\n310411")?;
    Ok(())
}

fn files(corpus: &Corpus, name: &str, specimen: &Specimen) -> Result<(), Failure> {
    // The chip without keys of its own. The portrait is long, and a target by itself.
    let mut all = vec![4];
    for (id, content) in specimen.files.iter() {
        let name = format!("{name}-{id}");
        corpus.add("tlv", &name, content)?;
        corpus.add("secure_messaging", &name, &[&[1], content].concat())?;
        match id {
            FileId::Sod => corpus.add("sod", &name, content)?,
            FileId::CardSecurity => corpus.add("card_security", &name, content)?,
            FileId::CardAccess | FileId::DataGroup(DataGroup::DG14) => {
                corpus.add("security_info", &name, content)?;
            }
            FileId::DataGroup(DataGroup::DG15) => {
                corpus.add("security_info", &name, &[content, &[1; 128]].concat())?;
            }
            FileId::DataGroup(DataGroup::DG2) => {
                corpus.add("dg2", &name, content)?;
                corpus.add("lds", &name, content)?;
            }
            _ => corpus.add("lds", &name, content)?,
        }
        if let Some(number) = number(id).filter(|number| *number != 2) {
            all.push(number);
            all.extend(u16::try_from(content.len())?.to_be_bytes());
            all.extend_from_slice(content);
        }
    }
    corpus.add("files", name, &all)?;
    all[0] = 0;
    corpus.add("files", &format!("{name}-keys"), &all)
}

/// As the target `files` counts them.
fn number(id: FileId) -> Option<u8> {
    match id {
        FileId::Com => Some(0),
        FileId::Sod => Some(17),
        FileId::CardAccess => Some(18),
        FileId::CardSecurity => Some(19),
        FileId::DataGroup(group) => Some(group.number()),
        FileId::AtrInfo => None,
    }
}

/// What the chip said in one read.
fn answers(corpus: &Corpus, name: &str, specimen: &Specimen) -> Result<(), Failure> {
    for (choice, access) in [specimen.can_key()?, specimen.mrz_key()?]
        .into_iter()
        .enumerate()
    {
        let random = Box::new(SeededRandom::new(2));
        let mut recorded = Recorded {
            chip: SpecimenChip::new(specimen.clone(), ChipConfig::default(), random),
            answers: vec![u8::try_from(choice)?],
        };
        let request = ReadRequest {
            access,
            data_groups: vec![DataGroup::DG1],
            challenge: [7; 8],
            short_only: true,
        };
        chip::read_document(&mut recorded, &request, &mut |_| ())?;
        corpus.add("answers", &format!("{name}-{choice}"), &recorded.answers)?;
    }
    Ok(())
}

struct Recorded {
    chip: SpecimenChip,
    answers: Vec<u8>,
}

impl CardChannel for Recorded {
    fn transmit(&mut self, command: &[u8]) -> Result<Vec<u8>, ChannelError> {
        let answer = self.chip.transmit(command)?;
        let length = u16::try_from(answer.len()).map_err(|_| ChannelError::Failed)?;
        self.answers.extend(length.to_be_bytes());
        self.answers.extend_from_slice(&answer);
        Ok(answer)
    }
}
