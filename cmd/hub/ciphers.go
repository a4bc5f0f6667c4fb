package hub

import (
	"crypto/tls"

	"github.com/lanyard-hub/lanyard/config"
)

// cipherSuites are those of TLS 1.2 that RFC 9325, section 4.2, recommends, which are all that FAPI 2.0 Security Profile, section
// 5.2.2, permits; with allow_cbc the defaults of crypto/tls. It does not concern TLS 1.3.
func cipherSuites(c config.TLS) []uint16 {
	if c.CBC {
		return nil
	}
	return []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	}
}
