package saml2

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// sentDocuments keeps what the hub of any test sends, and TestMain asks the schemas of OASIS about it when all tests have run. A few
// of each shape are kept. Documents that no handler of ours sends as such, such as what was decrypted, are handed over by keep.
type sentDocuments struct {
	mu    sync.Mutex
	shape map[string]int
	docs  map[string][]byte // by where they were seen
	kinds map[string]bool   // local names of roots
}

// sent is filled by every world.
var sent = &sentDocuments{shape: map[string]int{}, docs: map[string][]byte{}, kinds: map[string]bool{}}

const sentOfOneShape = 3

// keep remembers a document.
func (s *sentDocuments) keep(where string, doc []byte) {
	v, err := xmlsec.AcceptVouched(doc, xmlsec.MetadataLimits()) // whoever signed it
	shape := "unreadable"
	if err == nil {
		shape = shapeOf(v.Root())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if v.Root() != nil {
		s.kinds[v.Root().Local] = true
		for _, body := range v.Root().All(soapSpace, "Body") {
			for _, c := range body.Children {
				s.kinds[c.Local] = true
			}
		}
	}
	if s.shape[shape]++; s.shape[shape] <= sentOfOneShape {
		s.docs[fmt.Sprintf("%s, document %d", where, len(s.docs))] = bytes.Clone(doc)
	}
}

// shapeOf is the tree of names, the same run of equal children once.
func shapeOf(e *xmlsec.Element) string {
	var b strings.Builder
	b.WriteString(e.Local)
	for _, a := range e.Attrs {
		b.WriteString(" " + a.Local)
	}
	last := ""
	for _, c := range e.Children {
		if s := shapeOf(c); s != last {
			b.WriteString("(" + s + ")")
			last = s
		}
	}
	return b.String()
}

// recorded keeps what a handler sends.
func recorded(t testing.TB, next http.Handler) http.Handler {
	if _, ok := t.(*testing.T); !ok {
		return next // benchmarks and fuzzing are about something else
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		next.ServeHTTP(rec, r)
		docs := documentsOf(rec)
		for _, doc := range docs {
			sent.keep(t.Name(), doc)
		}
		if len(docs) > 0 || strings.Contains(rec.Header().Get("Location"), artifactField+"=") {
			checkCaching(t, rec.Header())
		}
		maps.Copy(w.Header(), rec.Header())
		w.WriteHeader(rec.Code)
		_, _ = w.Write(rec.Body.Bytes())
	})
}

// checkCaching: no cache keeps a message, as SAML Bindings has it for its bindings: 3.2.3.2, 3.4.5.1, 3.5.5.1, 3.6.5.1. Metadata may be kept.
func checkCaching(t testing.TB, h http.Header) {
	want := "no-cache, no-store"
	switch media, _, _ := mime.ParseMediaType(h.Get("Content-Type")); media {
	case metadataType:
		return
	case "text/xml", "application/vnd.paos+xml":
		want += ", must-revalidate, private"
	}
	if h.Get("Cache-Control") != want || h.Get("Pragma") != "no-cache" || h.Get("Etag") != "" || h.Get("Last-Modified") != "" {
		t.Errorf("caches may keep a message: %v", h)
	}
}

// documentsOf finds the messages in an answer: in the address of a redirect, in a form, or as the body.
func documentsOf(rec *httptest.ResponseRecorder) [][]byte {
	var out [][]byte
	if u, err := url.Parse(rec.Header().Get("Location")); err == nil {
		out = append(out, messagesIn(u.Query(), true)...)
	}
	media, _, _ := mime.ParseMediaType(rec.Header().Get("Content-Type"))
	switch media {
	case "text/html":
		if page, ok := readPage(rec); ok {
			form := url.Values{}
			for name, value := range page.fields {
				form.Set(name, value)
			}
			out = append(out, messagesIn(form, false)...)
		}
	case "text/xml", "application/vnd.paos+xml", metadataType:
		if rec.Body.Len() > 0 && rec.Header().Get("Content-Encoding") == "" {
			out = append(out, rec.Body.Bytes())
		}
	}
	return out
}

func messagesIn(values url.Values, deflated bool) [][]byte {
	var out [][]byte
	for _, name := range []string{requestField, responseField} {
		raw, err := base64.StdEncoding.DecodeString(values.Get(name))
		if err != nil || len(raw) == 0 {
			continue
		}
		if deflated {
			if raw, err = io.ReadAll(flate.NewReader(bytes.NewReader(raw))); err != nil {
				raw = []byte(err.Error()) // which fits no schema
			}
		}
		out = append(out, raw)
	}
	return out
}

// everyKind is what the tests of this package make the hub send, as a whole and in SOAP bodies.
var everyKind = []string{
	"ArtifactResolve", "ArtifactResponse", "Assertion", "EntityDescriptor", "Envelope", "LogoutRequest", "LogoutResponse", "Response",
}

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 && !sent.fit() {
		code = 1
	}
	os.Exit(code)
}

// fit asks about everything that was sent, and whether anything of every kind was.
func (s *sentDocuments) fit() bool {
	if err := findSchemas(); err != nil {
		if os.Getenv("LANYARD_COMPONENTS") == "1" {
			fmt.Println(err)
		}
		return os.Getenv("LANYARD_COMPONENTS") != "1"
	}
	dir, err := os.MkdirTemp("", "lanyard-sent-")
	if err != nil {
		fmt.Println(err)
		return false
	}
	defer os.RemoveAll(dir)
	begun := time.Now()
	wrong, err := fitSchema(dir, s.docs)
	if err != nil {
		fmt.Println(err)
		return false
	}
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		fmt.Printf("--- FAIL: %s was sent and %s\n%s\n", name, wrong[name], s.docs[name])
	}
	good := len(wrong) == 0
	if all := flag.Lookup("test.run"); all.Value.String() == "" && flag.Lookup("test.skip").Value.String() == "" && flag.Lookup("test.fuzz").Value.String() == "" {
		for _, kind := range everyKind {
			if !s.kinds[kind] {
				fmt.Printf("--- FAIL: no test makes the hub send a %s any more\n", kind)
				good = false
			}
		}
	}
	if testing.Verbose() {
		fmt.Printf("%d documents of %d shapes were compared with their schemas in %s\n", len(s.docs), len(s.shape), time.Since(begun).Round(time.Millisecond))
	}
	return good
}
