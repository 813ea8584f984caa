"""A virtual electronic identity document for vsmartcard's virtual reader (vpcd).

It stands in for the chip of a passport or identity card (ICAO 9303 parts 9 to 12)
where the project's own reading code is tested. Its cryptography is not the
project's: PACE and the secure messaging after it come from OpenPACE, everything
else from pyca/cryptography, so that a mistake made once is not made twice.
"""
