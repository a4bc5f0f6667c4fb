package httpsource

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestDownload(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/elsewhere":
			http.Redirect(w, r, "/list", http.StatusFound)
		case "/gone":
			http.Error(w, "a page that is no list", http.StatusNotFound)
		case "/large":
			w.(http.Flusher).Flush() // no length is announced
			_, _ = w.Write(make([]byte, 2000))
		default:
			w.Header().Set("ETag", `"7"`)
			if r.Header.Get("If-None-Match") == `"7"` {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			_, _ = w.Write([]byte("list"))
		}
	}))
	t.Cleanup(s.Close)
	c := New(Options{AllowLocalhost: true, MaxBytes: 1000})
	for _, tc := range []struct {
		path, validator, body string
		ok, unchanged         bool
		err                   error
	}{
		{"/list", "", "list", true, false, nil},
		{"/list", `"6"`, "list", true, false, nil},
		{"/list", `"7"`, "", false, true, nil},
		{"/gone", "", "", false, false, nil},
		{"/elsewhere", "", "", false, false, ErrRedirect},
		{"/large", "", "-", false, false, ErrTooLarge},
	} {
		var body bytes.Buffer
		d, err := c.Download(t.Context(), s.URL+tc.path, tc.validator, &body)
		if !errors.Is(err, tc.err) || d.OK() != tc.ok || d.Unchanged() != tc.unchanged || tc.body != "-" && body.String() != tc.body {
			t.Errorf("%s: %+v %q %v", tc.path, d, body.String(), err)
		}
		if body.Len() > 1000 {
			t.Errorf("%s: %d bytes were written", tc.path, body.Len())
		}
	}
	if _, err := New(Options{}).Download(t.Context(), s.URL+"/list", "", &bytes.Buffer{}); err == nil {
		t.Error("plain http to loopback was spoken")
	}
}
