package httpsource

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// Downloaded is what became of a Download.
type Downloaded struct {
	Status    int
	Validator string // to present the next time (RFC 9110, section 8.8.3); empty: the server gives none
}

// Unchanged reports that what the validator stands for is still what is there.
func (d Downloaded) Unchanged() bool { return d.Status == http.StatusNotModified }

// OK reports a status of 200 to 299.
func (d Downloaded) OK() bool { return d.Status >= 200 && d.Status < 300 }

// Download fetches a URL and writes the body of a good answer to w as it comes, within the limits of the Client. After an error, what
// was written is a part and must not be used. validator is of an earlier Download, or empty.
func (c *Client) Download(ctx context.Context, target, validator string, w io.Writer) (Downloaded, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return Downloaded{}, fmt.Errorf("%w: %w", ErrURL, err)
	}
	if validator != "" {
		req.Header.Set("If-None-Match", validator)
	}
	res, err := c.http.Do(req)
	if err != nil {
		return Downloaded{}, fmt.Errorf("httpsource: GET %s: %w", req.URL.Host, bare(err))
	}
	defer res.Body.Close()
	d := Downloaded{Status: res.StatusCode, Validator: res.Header.Get("ETag")}
	if !d.OK() {
		return d, nil
	}
	if _, err := io.Copy(w, res.Body); err != nil {
		return Downloaded{}, fmt.Errorf("httpsource: GET %s: %w", req.URL.Host, err)
	}
	return d, nil
}
