package xmlsec

import (
	"net"
	"testing"
	"time"
)

// attack is one hostile document, the row of the attack list it stands for, and the code it is refused with.
type attack struct{ row, name, doc, want string }

// TestSecurity shows every attack both doors: as a signed message it is refused with its code, and as an unsigned message it is
// refused too, because whatever looks signed is verified or fatal. Nothing of it is ever fetched.
func TestSecurity(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	here := "http://" + listener.Addr().String() + "/"

	var attacks []attack
	attacks = append(attacks, wrappings(t, "AuthnRequest", authnRequest)...)
	attacks = append(attacks, wrappings(t, "LogoutRequest", logoutRequest)...)
	attacks = append(attacks, profileAttacks(t)...)
	attacks = append(attacks, infoAttacks(t)...)
	attacks = append(attacks, referenceAttacks(t, here)...)
	attacks = append(attacks, algorithmAttacks(t)...)
	attacks = append(attacks, parserAttacks(t)...)
	attacks = append(attacks, entityAttacks(t, here)...)
	attacks = append(attacks, limitAttacks(t)...)
	for _, a := range attacks {
		t.Run(a.row+"/"+a.name, func(t *testing.T) {
			v, err := VerifyEnveloped([]byte(a.doc), MessageLimits(), partnerKeys())
			if codeOf(err) != a.want || v.Root() != nil {
				t.Errorf("got %v, want %s", err, a.want)
			}
			if v, err := AcceptUnsigned([]byte(a.doc), MessageLimits()); err == nil {
				t.Errorf("accepted as unsigned: %s", v.Root().Raw())
			}
		})
	}

	if err := listener.(*net.TCPListener).SetDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if c, err := listener.Accept(); err == nil {
		_ = c.Close()
		t.Error("something was fetched")
	}
}
