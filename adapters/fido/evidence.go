package fido

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/go-webauthn/webauthn/webauthn"
)

// evidence is what a decision about a key relied upon. It names no person.
func evidence(c *webauthn.Credential, at standing, ground string) map[string]string {
	id := sha256.Sum256(c.ID)
	out := map[string]string{
		"credential_sha256": hex.EncodeToString(id[:]),
		"aaguid":            hex.EncodeToString(c.Authenticator.AAGUID),
		"sign_count":        strconv.FormatUint(uint64(c.Authenticator.SignCount), 10),
		"user_verified":     "true",
		"backup_eligible":   strconv.FormatBool(c.Flags.BackupEligible),
		"backup_state":      strconv.FormatBool(c.Flags.BackupState),
		"attestation":       c.AttestationFormat,
		"attested":          strconv.FormatBool(at.attested),
		"ground":            ground,
	}
	if at.metadata != "" {
		out["metadata"], out["certification"] = string(at.metadata), at.certification.String()
	}
	if at.number >= 0 {
		out["metadata_no"] = strconv.FormatInt(at.number, 10)
	}
	if at.withdrawnBy != "" {
		out["withdrawn_by"] = at.withdrawnBy
	}
	return out
}
