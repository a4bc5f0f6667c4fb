package components

import (
	"fmt"
	"html"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const httpdAccount = "www-data"

// site is one Apache httpd with one TLS virtual host, in its own directory:
// the system's instance and configuration are not read.
type site struct {
	dir     string
	host    string
	port    int
	modules []string // beyond the basic set
	config  string   // directives of the virtual host
	env     map[string]string
	logs    []string
}

// echo is the protected page: mod_include prints every variable of the
// request, which is where mod_shib and mod_auth_openidc put what they learned.
const echo = `<!DOCTYPE html>
<html><head><title>protected page of %s</title><link rel="icon" href="data:,"></head>
<body><h1>Signed in</h1><pre id="env">
<!--#printenv -->
</pre></body></html>
`

// start writes certificate, pages and configuration, and runs httpd as a
// single process in the foreground (-X), so that nothing is left behind.
func (s *site) start(tb testing.TB, ca *CA) *Process {
	tb.Helper()
	leaf := ca.Server(tb, s.host)
	write(tb, s.dir, "htdocs/index.html", "<!DOCTYPE html><link rel=\"icon\" href=\"data:,\"><title>"+s.host+"</title><p id=\"open\">"+s.host+"</p>\n")
	write(tb, s.dir, "htdocs/secure/index.shtml", fmt.Sprintf(echo, s.host))
	write(tb, s.dir, "tls.crt", certPEM(leaf.chain...))
	write(tb, s.dir, "tls.key", keyPEM(tb, leaf.Key))
	write(tb, s.dir, "httpd.conf", s.text(tb))
	give(tb, s.dir, httpdAccount)
	p := Start(tb, Command{
		Path: "apache2",
		Args: []string{"-X", "-d", s.dir, "-f", filepath.Join(s.dir, "httpd.conf")},
		Env:  s.env,
		Dir:  s.dir,
		User: httpdAccount,
		Logs: append([]string{filepath.Join(s.dir, "error.log")}, s.logs...),
	})
	p.WaitURL(Client(tb, ca), s.url("/"), 20*time.Second)
	return p
}

func (s *site) url(path string) string {
	return fmt.Sprintf("https://%s:%d%s", s.host, s.port, path)
}

func (s *site) text(tb testing.TB) string {
	tb.Helper()
	shared := filepath.Dir(program(tb, "/usr/lib/apache2/modules/mod_ssl.so"))
	var b strings.Builder
	basic := []string{
		"mpm_event", "authn_core", "authz_core", "authz_user", "dir", "mime",
		"env", "setenvif", "include", "headers", "ssl", "socache_shmcb",
	}
	for _, m := range append(basic, s.modules...) {
		symbol := m + "_module"
		if m == "shib" {
			symbol = "mod_shib"
		}
		fmt.Fprintf(&b, "LoadModule %s %s/mod_%s.so\n", symbol, shared, m)
	}
	fmt.Fprintf(&b, `ServerRoot %[1]s
ServerName %[2]s
PidFile %[1]s/httpd.pid
DefaultRuntimeDir %[1]s
Mutex file:%[1]s default
ErrorLog %[1]s/error.log
LogLevel info ssl:error mpm_event:error
TypesConfig /etc/mime.types
StartServers 1
ThreadsPerChild 25
MaxRequestWorkers 400
KeepAliveTimeout 2
ServerTokens Prod
Listen 127.0.0.1:%[3]d https
SSLSessionCache none
<VirtualHost 127.0.0.1:%[3]d>
ServerName https://%[2]s:%[3]d
UseCanonicalName On
SSLEngine on
SSLCertificateFile %[1]s/tls.crt
SSLCertificateKeyFile %[1]s/tls.key
DocumentRoot %[1]s/htdocs
DirectoryIndex index.html index.shtml
<Directory %[1]s/htdocs>
Require all granted
Options +Includes
AddType text/html .shtml
AddOutputFilter INCLUDES .shtml
</Directory>
`, s.dir, s.host, s.port)
	b.WriteString(s.config + "\n</VirtualHost>\n")
	return b.String()
}

// Variables reads the protected page of a partner (its HTML, or the text of
// its element #env) into a map of variable to value.
func Variables(page string) map[string]string {
	if _, after, found := strings.Cut(page, `<pre id="env">`); found {
		inner, _, _ := strings.Cut(after, "</pre>")
		page = html.UnescapeString(inner)
	}
	variables := make(map[string]string)
	for line := range strings.Lines(page) {
		if name, value, found := strings.Cut(strings.TrimRight(line, "\n"), "="); found {
			variables[name] = value
		}
	}
	return variables
}
