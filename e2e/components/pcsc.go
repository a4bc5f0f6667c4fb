package components

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components/virtualcard"
)

// PCSC is a PC/SC service of the test's own, with one virtual reader. Programs must have PCSCLITE_CSOCK_NAME=Socket in their
// environment.
type PCSC struct {
	Socket string
	Module string // OpenSC's PKCS#11 library
	Reader *virtualcard.Reader
}

// readerPort is where vsmartcard's driver waits for a card, in a network of its own.
const readerPort = 35963

// StartPCSC starts pcscd with the driver of vsmartcard; the reader is empty. It needs root: pcscd has one place for its socket, and
// the driver listens on every address, so that both get namespaces of their own.
func StartPCSC(tb testing.TB) *PCSC {
	tb.Helper()
	dir := directory(tb, "pcsc")
	port := strconv.Itoa(readerPort)
	write(tb, dir, "conf/vpcd", "FRIENDLYNAME \"Virtual PCD\"\nDEVICENAME /dev/null:"+port+"\nLIBPATH "+
		program(tb, "/usr/lib/pcsc/drivers/serial/libifdvpcd.so")+"\nCHANNELID "+port+"\n")
	write(tb, dir, "run/.keep", "")
	script := strings.Join([]string{
		program(tb, "ip") + " link set lo up", "mkdir -p /run/pcscd", "mount --bind " + filepath.Join(dir, "run") + " /run/pcscd",
		"exec " + program(tb, "pcscd") + " --foreground --config " + filepath.Join(dir, "conf"),
	}, " && ")
	service := Start(tb, Command{Path: "unshare", Args: []string{"--mount", "--net", "sh", "-c", script}})
	p := &PCSC{Socket: filepath.Join(dir, "run/pcscd.comm"), Module: program(tb, "/usr/lib/*/opensc-pkcs11.so")}
	service.waitFor(10*time.Second, "pcscd's socket", func() bool {
		c, err := net.Dial("unix", p.Socket)
		return err == nil && c.Close() == nil
	})
	p.Reader = virtualcard.NewReader(tb, service.PID(), readerPort)
	return p
}
