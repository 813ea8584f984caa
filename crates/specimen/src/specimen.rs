//! One document, as it leaves the printer.

use chip::pace::algorithm::Mapping;
use chip::{AccessKey, Can, ChipFiles, DataGroup, FileId, MrzKey};
use openssl::ec::EcKey;
use openssl::pkey::Private;

use crate::asn1::object;
use crate::config::{ActiveKey, SpecimenConfig};
use crate::key::{SigningKey, ec_key};
use crate::{Authority, RandomSource, SpecimenError, field, lds, printed, security_infos};

/// Files, what is printed on it, and the chip's secrets.
#[derive(Clone)]
pub struct Specimen {
    pub config: SpecimenConfig,
    /// Every file of the chip.
    pub files: ChipFiles,
    /// The machine-readable zone.
    pub mrz: Vec<String>,
    /// What accepts the document.
    pub csca_der: Vec<u8>,
    pub(crate) chip_key: Option<EcKey<Private>>,
    pub(crate) active_key: Option<SigningKey>,
}

impl Specimen {
    /// # Errors
    /// Something of the configuration cannot stand in a document.
    pub fn new(
        config: SpecimenConfig,
        authority: &Authority,
        random: &mut dyn RandomSource,
    ) -> Result<Specimen, SpecimenError> {
        let mrz = printed::lines(&config)?;
        Can::parse(&config.can).map_err(|reason| field("CAN", reason))?;
        let active_key = config
            .active_authentication
            .map(|key| SigningKey::generate(key.scheme(), random))
            .transpose()?;
        let chip_key = config
            .chip_authentication
            .map(|key| ec_key(key.curve, key.explicit_parameters, random))
            .transpose()?;

        let mut files = ChipFiles::default();
        let mut data_group = |group, content| files.insert(FileId::DataGroup(group), content);
        data_group(DataGroup::DG1, lds::dg1(&mrz));
        data_group(DataGroup::DG2, lds::dg2(&config)?);
        data_group(DataGroup::DG11, lds::dg11(&config));
        data_group(DataGroup::DG12, lds::dg12(&config));
        if let Some(infos) = protocols(&config, chip_key.as_ref())? {
            data_group(DataGroup::DG14, object(0x6E, &[&infos]));
        }
        if let Some(key) = &active_key {
            data_group(DataGroup::DG15, object(0x6F, &[&key.public_key()?]));
        }
        let groups: Vec<DataGroup> = (1..=16)
            .filter_map(DataGroup::new)
            .filter(|&group| files.contains(FileId::DataGroup(group)))
            .collect();
        files.insert(FileId::Com, lds::com(&groups));
        files.insert(FileId::Sod, authority.sign(&files, config.digest, random)?);
        if let Some(pace) = config.pace {
            let infos = vec![security_infos::pace_info(pace)?];
            files.insert(FileId::CardAccess, security_infos::security_infos(infos));
            if pace.mapping == Mapping::ChipAuthentication
                && let Some(infos) = protocols(&config, chip_key.as_ref())?
            {
                let content = authority.sign_security_infos(&infos, random)?;
                files.insert(FileId::CardSecurity, content);
            }
        }
        Ok(Specimen {
            config,
            files,
            mrz,
            csca_der: authority.csca_der().to_vec(),
            chip_key,
            active_key,
        })
    }

    /// The same files on another chip, which has none of the keys that belong to them.
    ///
    /// # Errors
    /// The random source fails.
    pub fn cloned(&self, random: &mut dyn RandomSource) -> Result<Specimen, SpecimenError> {
        let config = self.config.clone();
        let active_key = config
            .active_authentication
            .map(|key| SigningKey::generate(key.scheme(), random))
            .transpose()?;
        let chip_key = config
            .chip_authentication
            .map(|key| ec_key(key.curve, key.explicit_parameters, random))
            .transpose()?;
        Ok(Specimen {
            config,
            files: self.files.clone(),
            mrz: self.mrz.clone(),
            csca_der: self.csca_der.clone(),
            chip_key,
            active_key,
        })
    }

    /// What opens its chip by the MRZ.
    ///
    /// # Errors
    /// Not for a document that could be made.
    pub fn mrz_key(&self) -> Result<AccessKey, SpecimenError> {
        let six = |date: &str| date.get(2..).unwrap_or_default().to_owned();
        MrzKey::new(
            &self.config.document_number,
            &six(&self.config.birth),
            &six(&self.config.expiry),
        )
        .map(AccessKey::Mrz)
        .map_err(|reason| field("MRZ", reason))
    }

    /// What opens its chip by the card access number.
    ///
    /// # Errors
    /// Not for a document that could be made.
    pub fn can_key(&self) -> Result<AccessKey, SpecimenError> {
        Can::parse(&self.config.can)
            .map(AccessKey::Can)
            .map_err(|reason| field("CAN", reason))
    }
}

/// What DG14 holds, and EF.CardSecurity. None where there is nothing to say.
fn protocols(
    config: &SpecimenConfig,
    chip_key: Option<&EcKey<Private>>,
) -> Result<Option<Vec<u8>>, SpecimenError> {
    let mut infos = Vec::new();
    if let Some(pace) = config.pace {
        infos.push(security_infos::pace_info(pace)?);
    }
    if let (Some(key), Some(pair)) = (config.chip_authentication, chip_key) {
        let public = pair.public_key_to_der()?;
        infos.extend(security_infos::chip_authentication(key, &public)?);
    }
    if let Some(ActiveKey::Ecdsa { digest, .. }) = config.active_authentication {
        infos.push(security_infos::active_authentication(digest));
    }
    Ok((!infos.is_empty()).then(|| security_infos::security_infos(infos)))
}
