// Package loopback is what the agent offers to pages and programs of its own machine: HTTP on 127.0.0.1 and [::1], to the same user
// of the operating system, to pages of allowed origins.
//
// Routes of the agent, on a port of its own for each OS session:
//
//	GET  /v1/state             workstation, readers, card
//	POST /v1/presence          nonce                    proof for the hub that the page runs at this workstation
//	POST /v1/sign              challenge                the card signs; the agent asks for the PIN
//	GET  /v1/events            server-sent events: inserted, removed
//	POST /v1/proof             audience, nonce, sid     offline proof for a partner
//	POST /v1/ticket/get        role                     the Ticket API
//	POST /v1/ticket/get-no-auth
//	POST /v1/ticket/get-new    role
//	POST /v1/ticket/destroy
//
// Routes of the port service, one for a machine, on the first free of the field's ports:
//
//	GET  /PRS/ConnectPRService
//	GET  /PRS/GetPortNumber    the port of the asking user's agent
//	POST /PRS/Register         port                     an agent says where it is
//
// Who may ask is the table in checks.go, in order. A browser's page is held off by its Origin, by the name it called (DNS rebinding)
// and by a header that only a preflight lets it send; another user of the machine by the owner of the connection: peer_linux.go, peer_windows.go
// with tcptable.go, and peer_darwin.go with pcblist.go.
package loopback
