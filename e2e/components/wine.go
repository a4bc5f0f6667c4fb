package components

import (
	"bytes"
	"crypto/rsa"
	_ "embed" // prng.c
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Wine is a Windows of the test's own: an empty drive C:, no screen (windows are there, and nobody sees them), the machine's own files as
// drive Z:.
type Wine struct {
	tb               testing.TB
	dir              string
	env              map[string]string
	wine, wineserver string // programs
	server           *Process
}

// prng is a library that Go programs need and Wine before 8.16 has not.
//
//go:embed testdata/prng.c
var prng string

// StartWine makes the drive and starts its server. What runs under Wine leaves its parents and outlives its server, so all of it has
// process numbers of its own, a namespace that the kernel ends whole. That needs root.
func StartWine(tb testing.TB) *Wine {
	tb.Helper()
	dir := directory(tb, "wine")
	w := &Wine{tb: tb, dir: dir, wine: program(tb, "/usr/lib/wine/wine64", "wine64"), wineserver: program(tb, "/usr/lib/wine/wineserver64", "wineserver"), env: map[string]string{
		"WINEPREFIX": filepath.Join(dir, "drive"), "WINEARCH": "win64", "WINEDEBUG": "-all", "HOME": dir, "DISPLAY": "",
		"WINEDLLOVERRIDES": "mscoree,mshtml,winemenubuilder.exe=", // neither .NET, nor a browser, nor menus of the desktop
	}}
	write(tb, dir, "drive/user.reg", "WINE REGISTRY Version 2\n\n[Software\\\\Wine\\\\Drivers]\n\"Graphics\"=\"null\"\n")
	tb.Cleanup(func() { w.stop() })
	w.serve()
	w.must("wineboot", "--init")
	if library := w.File(`C:\windows\system32\bcryptprimitives.dll`); !exists(library) {
		w.Compile(write(tb, dir, "prng.c", prng), library, "-ladvapi32")
	}
	return w
}

// Restart shuts this Windows down and starts it again; the person who logs in is the same.
func (w *Wine) Restart() {
	w.tb.Helper()
	_, _, _ = Run(w.tb, w.inside(w.wineserver, "--kill")) // it writes the registry; this program is ended with all others
	w.server.Exit(20 * time.Second)
	w.stop()
	w.serve()
	w.must("wineboot")
}

func (w *Wine) serve() {
	w.tb.Helper()
	w.server = Start(w.tb, Command{Path: "unshare", Args: []string{
		"--pid", "--mount-proc", "--fork", "--kill-child", "sh", "-c", `"$0" --foreground --persistent & wait`, w.wineserver,
	}, Env: w.env, Stop: syscall.SIGKILL}) // it heeds no other signal
	w.server.waitFor(10*time.Second, "its socket", func() bool { return len(w.sockets()) > 0 })
}

// sockets are those of this drive's server: Debian's Wine has them in another folder than others.
func (w *Wine) sockets() []string {
	w.tb.Helper()
	var at syscall.Stat_t
	if err := syscall.Stat(w.env["WINEPREFIX"], &at); err != nil {
		w.tb.Fatal(err)
	}
	found, _ := filepath.Glob(fmt.Sprintf("/tmp/*wine-*/server-%x-%x/socket", at.Dev, at.Ino)) // the pattern is sound
	return found
}

// stop ends all there is, and takes the socket away: a server that is killed leaves it behind.
func (w *Wine) stop() {
	w.tb.Helper()
	if w.server == nil {
		return
	}
	w.server.Close()
	for _, socket := range w.sockets() {
		dir := filepath.Dir(socket)
		if err := os.RemoveAll(dir); err != nil {
			w.tb.Logf("left behind: %v", err)
		}
		_ = os.Remove(filepath.Dir(dir)) // unless other servers are there
	}
}

// inside runs a program with the numbers of the server's processes.
func (w *Wine) inside(name string, args ...string) Command {
	of := fmt.Sprintf("/proc/%d/ns/", w.server.PID())
	return Command{Path: "nsenter", Args: append([]string{"--pid=" + of + "pid_for_children", "--mount=" + of + "mnt", name}, args...), Env: maps.Clone(w.env)}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// Command is a program of Windows to be started: one of Wine's by its name, others by their path on either system.
func (w *Wine) Command(name string, args ...string) Command {
	return w.inside(w.wine, append([]string{name}, args...)...)
}

// Run runs one to its end. It writes to files: what Wine starts on the way lives longer, and would keep a pipe open.
func (w *Wine) Run(name string, args ...string) (stdout, stderr string, code int) {
	w.tb.Helper()
	dir, err := os.MkdirTemp(w.dir, "run")
	if err != nil {
		w.tb.Fatal(err)
	}
	c := w.Command(name, args...)
	c.Args = append([]string{"-c", `exec "$@" >out 2>err`, "sh", c.Path}, c.Args...)
	c.Path, c.Dir = "sh", dir
	_, _, code = Run(w.tb, c)
	return read(w.tb, filepath.Join(dir, "out")), read(w.tb, filepath.Join(dir, "err")), code
}

func read(tb testing.TB, file string) string {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return string(text)
}

func (w *Wine) must(name string, args ...string) {
	w.tb.Helper()
	if out, errs, code := w.Run(name, args...); code != 0 {
		w.tb.Fatalf("%s %q: exit %d\n%s%s", name, args, code, out, errs)
	}
}

// Path is what a file of this machine is called there.
func (w *Wine) Path(file string) string { return "Z:" + strings.ReplaceAll(file, "/", `\`) }

// File is where a file of drive C: is on this machine.
func (w *Wine) File(name string) string {
	return filepath.Join(w.env["WINEPREFIX"], "drive_c", strings.ReplaceAll(strings.TrimPrefix(name, `C:\`), `\`, "/"))
}

// Compile makes a DLL of C source, as file.
func (w *Wine) Compile(source, file string, more ...string) {
	w.tb.Helper()
	must(w.tb, Command{Path: "x86_64-w64-mingw32-gcc", Args: append([]string{"-Wall", "-Wextra", "-Werror", "-Os", "-shared", "-s", "-o", file, source}, more...)})
}

// Build compiles a main package of this module for Windows, and returns the program.
func (w *Wine) Build(pkg string) string {
	w.tb.Helper()
	return w.BuildAs(path.Base(pkg)+".exe", pkg, "-s")
}

// BuildAs is Build under another name and with other words for the linker.
func (w *Wine) BuildAs(name, pkg, link string) string {
	w.tb.Helper()
	return w.compile(name, "build", "-trimpath", "-ldflags", link, pkg)
}

// BuildTests compiles the tests of a package for Windows.
func (w *Wine) BuildTests(pkg string) string {
	w.tb.Helper()
	return w.compile(path.Base(pkg)+".test.exe", "test", "-c", pkg)
}

// compile runs a command of go that writes one file; the package comes last.
func (w *Wine) compile(name string, words ...string) string {
	w.tb.Helper()
	file := filepath.Join(w.dir, name)
	last := len(words) - 1
	args := append(append([]string{}, words[:last]...), "-o", file, words[last])
	must(w.tb, Command{Path: "go", Args: args, Env: map[string]string{"GOOS": "windows", "GOARCH": "amd64", "CGO_ENABLED": "0"}, Wait: 10 * time.Minute})
	return file
}

// EndSession tells all programs that the person logs out.
func (w *Wine) EndSession() {
	w.tb.Helper()
	w.must("wineboot", "--end-session")
}

// CNGBlob is the RSA key as Windows' own cryptography reads it: a BCRYPT_RSAPRIVATE_BLOB.
func (l *Leaf) CNGBlob(tb testing.TB) []byte {
	tb.Helper()
	key, ok := l.Key.(*rsa.PrivateKey)
	if !ok {
		tb.Fatal("it is another kind of key")
	}
	e := []byte{byte(key.E >> 16), byte(key.E >> 8), byte(key.E)}
	n, p, q := key.N.Bytes(), key.Primes[0].Bytes(), key.Primes[1].Bytes()
	var b []byte
	for _, v := range []int{0x32415352, key.N.BitLen(), len(e), len(n), len(p), len(q)} { // "RSA2", and the lengths
		b = binary.LittleEndian.AppendUint32(b, uint32(v))
	}
	return bytes.Join([][]byte{b, e, n, p, q}, nil)
}
