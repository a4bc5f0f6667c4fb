package fido

import "fmt"

// Certification is the level that the FIDO Alliance certified an authenticator to, lowest first; zero: none.
type Certification int

// The levels (FIDO Authenticator Certification; FIDO Metadata Service 3.1, section 3.1.4).
const (
	Uncertified Certification = iota
	CertifiedL1
	CertifiedL1Plus
	CertifiedL2
	CertifiedL2Plus
	CertifiedL3
	CertifiedL3Plus
)

// certifications are the names that the metadata service and our configuration use.
func certifications() []string {
	return []string{
		Uncertified: "NOT_FIDO_CERTIFIED", CertifiedL1: "FIDO_CERTIFIED_L1", CertifiedL1Plus: "FIDO_CERTIFIED_L1plus", CertifiedL2: "FIDO_CERTIFIED_L2",
		CertifiedL2Plus: "FIDO_CERTIFIED_L2plus", CertifiedL3: "FIDO_CERTIFIED_L3", CertifiedL3Plus: "FIDO_CERTIFIED_L3plus",
	}
}

// String is the name in the metadata service's own spelling.
func (c Certification) String() string {
	if c < 0 || int(c) >= len(certifications()) {
		return certifications()[Uncertified]
	}
	return certifications()[c]
}

// ParseCertification reads a name of a level.
func ParseCertification(s string) (Certification, error) {
	if c, ok := certificationOf(s); ok {
		return c, nil
	}
	return 0, fmt.Errorf("fido: %q is not a certification level", s)
}

// certificationOf tells which level a status of the metadata service means, if it means one. FIDO_CERTIFIED is the oldest
// name of the first level.
func certificationOf(status string) (Certification, bool) {
	if status == "FIDO_CERTIFIED" {
		return CertifiedL1, true
	}
	for level, name := range certifications() {
		if name == status {
			return Certification(level), true
		}
	}
	return 0, false
}
