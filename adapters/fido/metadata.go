package fido

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Metadata is what the FIDO Metadata Service says of models of authenticators, in one BLOB. It does not change.
type Metadata struct {
	Number     int64     // of the BLOB; each has a higher one than the one before
	NextUpdate time.Time // midnight UTC at which the next BLOB is expected
	models     map[AAGUID]known
	shared     map[[sha256.Size]byte]bool // roots of attestation certificates, by hash, that more than one model has
}

// known is one model in the metadata.
type known struct {
	name    string
	roots   []*x509.Certificate
	reports []report
}

// report is one StatusReport (FIDO Metadata Service 3.1, section 3.1.3).
type report struct {
	status      string
	from, until time.Time // zero: always in effect
	certificate []byte    // DER, of the batch that it is about; nil: the whole model
}

// inEffect: a report without dates is in effect while it is there.
func (r report) inEffect(now time.Time) bool {
	return (r.from.IsZero() || !now.Before(r.from)) && (r.until.IsZero() || now.Before(r.until))
}

// Models counts the models in the metadata.
func (m *Metadata) Models() int { return len(m.models) }

// certification is the level of the newest report that is about certification. An older and higher one is history.
func (k known) certification(now time.Time) Certification {
	level := Uncertified
	for _, r := range k.reports {
		if c, ok := certificationOf(r.status); ok && r.inEffect(now) {
			level = c
		}
	}
	return level
}

// withdrawnBy is the first status in effect that withdraws the model, or the batch of one of the certificates; empty: none. No
// later report takes such a status back: which firmware a key has nobody can see.
func (k known) withdrawnBy(statuses []string, chain func() [][]byte, now time.Time) string {
	for _, r := range k.reports {
		if !r.inEffect(now) || !slices.Contains(statuses, r.status) {
			continue
		}
		if r.certificate == nil || slices.ContainsFunc(chain(), func(c []byte) bool { return bytes.Equal(c, r.certificate) }) {
			return r.status
		}
	}
	return ""
}

// payload is the part of a MetadataBLOBPayload that is used here. The rest of an entry, however new or odd, cannot hide its status.
type payload struct {
	Number     *int64  `json:"no"`
	NextUpdate string  `json:"nextUpdate"`
	Entries    []entry `json:"entries"`
}

type entry struct {
	AAGUID    string `json:"aaguid"` // absent: an authenticator of U2F or UAF
	Statement struct {
		Description string   `json:"description"`
		Roots       []string `json:"attestationRootCertificates"`
	} `json:"metadataStatement"`
	Reports []struct {
		Status      string `json:"status"`
		From        string `json:"effectiveDate"`
		Until       string `json:"sunsetDate"`
		Certificate string `json:"certificate"`
		Batch       string `json:"batchCertificate"`
	} `json:"statusReports"`
}

// readPayload reads the JSON that was signed. Entries that are not understood are left out, and with them what would count for a key;
// a report that is not understood withdraws if its status does.
func readPayload(b []byte) (*Metadata, error) {
	var p payload
	if err := json.Unmarshal(b, &p); err != nil {
		return nil, fmt.Errorf("%w: payload: %w", ErrMetadata, err)
	}
	if p.Number == nil || *p.Number < 0 {
		return nil, fmt.Errorf("%w: it has no number", ErrMetadata)
	}
	next, err := time.Parse(time.DateOnly, p.NextUpdate)
	if err != nil {
		return nil, fmt.Errorf("%w: nextUpdate: %w", ErrMetadata, err)
	}
	m := &Metadata{Number: *p.Number, NextUpdate: next, models: make(map[AAGUID]known, len(p.Entries))}
	for _, e := range p.Entries {
		id, err := ParseAAGUID(e.AAGUID)
		if err != nil {
			continue
		}
		k := e.known()
		if twin, ok := m.models[id]; ok { // listed twice: what either withdraws is withdrawn, and nothing is trusted
			k = known{name: k.name, reports: append(twin.reports, k.reports...)}
		}
		m.models[id] = k
	}
	m.shared = shared(m.models)
	return m, nil
}

func shared(models map[AAGUID]known) map[[sha256.Size]byte]bool {
	seen := map[[sha256.Size]byte]AAGUID{}
	out := map[[sha256.Size]byte]bool{}
	for id, k := range models {
		for _, c := range k.roots {
			hash := sha256.Sum256(c.Raw)
			if first, ok := seen[hash]; ok && first != id {
				out[hash] = true
			}
			seen[hash] = id
		}
	}
	return out
}

func (e entry) known() known {
	k := known{name: plain(e.Statement.Description)}
	for _, text := range e.Statement.Roots {
		if c, err := x509.ParseCertificate(der(text)); err == nil {
			k.roots = append(k.roots, c)
		}
	}
	for _, r := range e.Reports {
		k.reports = append(k.reports, report{status: r.Status, from: day(r.From), until: day(r.Until), certificate: der(cmp.Or(r.Certificate, r.Batch))})
	}
	slices.SortStableFunc(k.reports, func(a, b report) int { return a.from.Compare(b.from) })
	return k
}

// day reads a date; zero if there is none, or none that is understood.
func day(s string) time.Time {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// der reads a certificate as metadata writes it: base64, perhaps with line breaks; nil if it is not.
func der(s string) []byte {
	b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil || len(b) == 0 {
		return nil
	}
	return b
}

// maxName bounds the name of a model, in bytes of UTF-8.
const maxName = 100

// plain is a name on one line, without what is not printed.
func plain(s string) string {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\ufffd' }), " ")
	if len(s) > maxName {
		s = strings.ToValidUTF8(s[:maxName], "")
	}
	return s
}
