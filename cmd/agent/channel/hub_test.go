package channel

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// fakeHub takes messages as docs/reference/agent.md says, verifies them and keeps their claims.
type fakeHub struct {
	*httptest.Server
	mu     sync.Mutex
	key    *ecdsa.PublicKey
	claims []map[string]any
	used   map[string]bool
	status int    // of every answer; 0: 200
	answer string // body of a 200
	during func() // what happens while it answers
}

func newHub(t *testing.T) *fakeHub {
	t.Helper()
	h := &fakeHub{used: map[string]bool{}}
	h.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		defer h.mu.Unlock()
		body, _ := io.ReadAll(r.Body)
		if h.status != 0 {
			w.WriteHeader(h.status)
			_, _ = io.WriteString(w, `{"error":"workstation_revoked","error_description":"x"}`)
			return
		}
		if r.URL.Path == "/workstation/enrol" {
			h.enrol(t, w, body)
			return
		}
		if r.Header.Get("Content-Type") != "application/jwt" {
			t.Errorf("%s: %s", r.URL.Path, r.Header.Get("Content-Type"))
		}
		claims := h.read(t, string(body))
		if "/workstation/"+claims["act"].(string) != r.URL.Path {
			t.Errorf("act %v on %s", claims["act"], r.URL.Path)
		}
		h.claims = append(h.claims, claims)
		if h.during != nil {
			h.during()
		}
		_, _ = io.WriteString(w, h.answer)
	}))
	t.Cleanup(h.Close)
	return h
}

// enrol answers the first message, once its proof verifies.
func (h *fakeHub) enrol(t *testing.T, w http.ResponseWriter, body []byte) {
	var in struct {
		Secret string            `json:"secret"`
		Key    map[string]string `json:"key"`
		Proof  string            `json:"proof"`
	}
	if err := json.Unmarshal(body, &in); err != nil || in.Secret != "ws1.secret" || in.Key["kty"] != "EC" || in.Key["crv"] != "P-256" || len(in.Key) != 4 {
		t.Errorf("enrol: %s", body)
	}
	x, _ := base64.RawURLEncoding.DecodeString(in.Key["x"])
	y, _ := base64.RawURLEncoding.DecodeString(in.Key["y"])
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		t.Errorf("key: %v", err)
		return
	}
	h.key = key
	if claims := h.read(t, in.Proof); claims["act"] != "enrol" {
		t.Errorf("proof: %v", claims)
	}
	_, _ = io.WriteString(w, `{"workstation":"ws1","name":"Bay 4","issuer":"`+h.URL+`","shared":true,"removal":"lock"}`)
}

// read verifies a message and returns its claims; what every message has is checked here.
func (h *fakeHub) read(t *testing.T, jws string) map[string]any {
	t.Helper()
	head, claims := verifyJWS(t, jws, h.key)
	if head != `{"typ":"lanyard-agent+jwt","alg":"ES256","kid":"ws1"}` {
		t.Errorf("header %s", head)
	}
	if claims["iss"] != "ws1" || claims["aud"] != h.URL || claims["exp"].(float64)-claims["iat"].(float64) != 60 {
		t.Errorf("claims %v", claims)
	}
	jti := claims["jti"].(string)
	if len(jti) < 22 || h.used[jti] {
		t.Errorf("jti %q", jti)
	}
	h.used[jti] = true
	return claims
}

func verifyJWS(t *testing.T, jws string, key *ecdsa.PublicKey) (string, map[string]any) {
	t.Helper()
	part := strings.Split(jws, ".")
	if len(part) != 3 {
		t.Fatalf("not a compact JWS: %q", jws)
	}
	raw := make([][]byte, 3)
	for i := range part {
		var err error
		if raw[i], err = base64.RawURLEncoding.DecodeString(part[i]); err != nil {
			t.Fatal(err)
		}
	}
	digest := sha256.Sum256([]byte(part[0] + "." + part[1]))
	if len(raw[2]) != 64 || !ecdsa.Verify(key, digest[:], new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:])) {
		t.Error("the signature does not verify")
	}
	var claims map[string]any
	if err := json.Unmarshal(raw[1], &claims); err != nil {
		t.Fatal(err)
	}
	return string(raw[0]), claims
}
