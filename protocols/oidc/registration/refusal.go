package registration

import "fmt"

// Codes of RFC 7591, section 3.2.2.
const (
	InvalidRedirectURI = "invalid_redirect_uri"
	InvalidMetadata    = "invalid_client_metadata"
	InvalidStatement   = "invalid_software_statement"
)

// Refusal says why what a client said of itself is not registered. Its text is for the client's developers.
type Refusal struct{ Code, Detail string }

func (r *Refusal) Error() string { return "registration: " + r.Code + ": " + r.Detail }

func refuse(code, format string, args ...any) *Refusal {
	return &Refusal{code, fmt.Sprintf(format, args...)}
}
