package ticket

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/cmd/agent/channel"
	"github.com/lanyard-hub/lanyard/cmd/agent/pinentry"
)

// Code is an error of the field's local Ticket API: a group and a member, in 32 bits.
type Code uint32

// Groups.
const (
	groupGeneric        Code = 0x80100000
	groupCard           Code = 0x80200000
	groupAuthentication Code = 0x80400000
	groupConfig         Code = 0x80800000
)

// The members that the agent answers with; the others of the table are for programs that know them.
const (
	Internal          = groupGeneric | 0x1
	NotInitialized    = groupGeneric | 0x2
	InvalidParameter  = groupGeneric | 0x3
	BufferTooSmall    = groupGeneric | 0x4
	InvalidInstance   = groupGeneric | 0x5
	ServerBusy        = groupGeneric | 0x6
	ServerCommFailed  = groupGeneric | 0x7
	ResourceAlloc     = groupGeneric | 0x8
	NotAvailable      = groupGeneric | 0x9
	InternalError     = groupGeneric | 0xA
	NotImplemented    = groupGeneric | 0xB
	CardNotSupported  = groupCard | 0x1
	NoReader          = groupCard | 0x2
	CardNotValid      = groupCard | 0x3
	PINBlocked        = groupCard | 0x4
	CardTransaction   = groupCard | 0x5
	NoCertificate     = groupCard | 0x6
	NoKey             = groupCard | 0x7
	UserAbort         = groupAuthentication | 0x1
	Failed            = groupAuthentication | 0x2
	NotPossible       = groupAuthentication | 0x3
	UserNotValid      = groupAuthentication | 0x4
	ServerUnavailable = groupAuthentication | 0x5
	DataSyntax        = groupAuthentication | 0x6
	NotValid          = groupAuthentication | 0x7
	MethodUnsupported = groupAuthentication | 0x8
	VersionConflict   = groupConfig | 0x1
	NotInstalled      = groupConfig | 0x2
	NoServerFound     = groupConfig | 0x3
	LoadFailed        = groupConfig | 0x4
	MethodUnavailable = groupConfig | 0x5
	MethodNotPossible = groupConfig | 0x6
	ResourceMissing   = groupConfig | 0x7
)

// Exit codes of the ticket command, one for each group.
const (
	exitGeneric        = 10
	exitCard           = 20
	exitAuthentication = 30
	exitConfig         = 40
)

// entry is a row of the table.
type entry struct {
	Code   Code
	Name   string
	Status int    // of HTTP
	Text   string // for a person
}

// table lists all codes in order.
func table() []entry {
	return []entry{
		{Internal, "INTERNAL", http.StatusInternalServerError, "The agent failed."},
		{NotInitialized, "NOT_INITIALIZED", http.StatusConflict, "This workstation is not enrolled with the hub."},
		{InvalidParameter, "INVALID_PARAMETER", http.StatusBadRequest, "The request is malformed."},
		{BufferTooSmall, "BUFFER_TOO_SMALL", http.StatusBadRequest, "The buffer for the ticket is too small."},
		{InvalidInstance, "INVALID_INSTANCE_HANDLE", http.StatusBadRequest, "The instance is not known."},
		{ServerBusy, "SERVER_BUSY", http.StatusServiceUnavailable, "The card is in use for something else. Try again in a moment."},
		{ServerCommFailed, "SERVER_COMM_FAILED", http.StatusServiceUnavailable, "The agent cannot be reached."},
		{ResourceAlloc, "RESOURCE_ALLOC_FAILED", http.StatusServiceUnavailable, "The agent has no room for another request."},
		{NotAvailable, "TICKET_NOT_AVAILABLE", http.StatusNotFound, "Nobody is signed in here with a card."},
		{InternalError, "INTERNAL_ERROR", http.StatusInternalServerError, "The agent failed."},
		{NotImplemented, "NOT_IMPLEMENTED", http.StatusNotImplemented, "The agent does not do that."},
		{CardNotSupported, "SMARTCARD_NOT_SUPPORTED", http.StatusConflict, "This kind of card is not known here."},
		{NoReader, "READER_NOT_AVAILABLE", http.StatusConflict, "No card reader is connected."},
		{CardNotValid, "SMARTCARD_NOT_VALID", http.StatusConflict, "There is no card in the reader, or its certificate is not valid now."},
		{PINBlocked, "PIN_BLOCKED", http.StatusConflict, "The PIN of this card is locked. Have the card unlocked."},
		{CardTransaction, "CARD_TRANSACTION_FAILED", http.StatusConflict, "The card did not answer. Leave it in the reader and try again."},
		{NoCertificate, "NO_CERT_FOUND", http.StatusConflict, "The card holds no certificate to sign in with."},
		{NoKey, "NO_KEY_FOUND", http.StatusConflict, "The card holds no key for its certificate."},
		{UserAbort, "USER_ABORT", http.StatusUnauthorized, "No PIN was entered."},
		{Failed, "AUTHENTICATION_FAILED", http.StatusUnauthorized, "The PIN was wrong."},
		{NotPossible, "AUTHENTICATION_NOT_POSSIBLE", http.StatusConflict, "Choose a role first: there is more than one."},
		{UserNotValid, "USER_NOT_VALID", http.StatusUnauthorized, "This card is not accepted."},
		{ServerUnavailable, "AUTHSERVER_NOT_AVAILABLE", http.StatusServiceUnavailable, "The hub does not answer."},
		{DataSyntax, "AUTHDATA_SYNTAX_ERROR", http.StatusBadGateway, "The hub answered something that is not understood."},
		{NotValid, "AUTH_NOT_VALID", http.StatusUnauthorized, "There is no session for that."},
		{MethodUnsupported, "AUTHMETHOD_NOT_SUPPORTED", http.StatusConflict, "The card cannot sign in the way that is wanted."},
		{VersionConflict, "VERSION_CONFLICT", http.StatusConflict, "Versions do not fit."},
		{NotInstalled, "NOT_INSTALLED", http.StatusServiceUnavailable, "A program that is needed is not installed."},
		{NoServerFound, "NO_SERVERFOUND", http.StatusServiceUnavailable, "No server for tickets is configured."},
		{LoadFailed, "LOAD_RES_FAILED", http.StatusServiceUnavailable, "The card's middleware cannot be loaded."},
		{MethodUnavailable, "AUTHMETHOD_NOT_AVAILABLE", http.StatusServiceUnavailable, "This program was built without support for cards."},
		{MethodNotPossible, "AUTHMETHOD_NOT_POSSIBLE", http.StatusConflict, "That way to sign in is not possible here."},
		{ResourceMissing, "RESOURCE_NOT_AVAILABLE", http.StatusServiceUnavailable, "Something that the agent needs is missing."},
	}
}

func (c Code) entry() entry {
	for _, e := range table() {
		if e.Code == c {
			return e
		}
	}
	return entry{c, "INTERNAL", http.StatusInternalServerError, "The agent failed."}
}

// String is the code as the field writes it.
func (c Code) String() string { return fmt.Sprintf("0x%08X", uint32(c)) }

// Name is the member's name in the field's table.
func (c Code) Name() string { return c.entry().Name }

// Text is a sentence for a person.
func (c Code) Text() string { return c.entry().Text }

// Status is the HTTP status that goes with it.
func (c Code) Status() int { return c.entry().Status }

// Exit is the exit code of a command that ends with it.
func (c Code) Exit() int {
	switch c & 0xFFF00000 {
	case groupCard:
		return exitCard
	case groupAuthentication:
		return exitAuthentication
	case groupConfig:
		return exitConfig
	}
	return exitGeneric
}

// CodeNamed finds a code by what String printed; Internal for any other text.
func CodeNamed(text string) Code {
	for _, e := range table() {
		if e.Code.String() == text {
			return e.Code
		}
	}
	return Internal
}

// Error is a Code with its cause, which is for the log.
type Error struct {
	Code Code
	Err  error
}

func (e Error) Error() string {
	if e.Err == nil {
		return e.Code.Name()
	}
	return e.Code.Name() + ": " + e.Err.Error()
}

func (e Error) Unwrap() error { return e.Err }

// CodeOf is the code of any error of the agent.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[Error](err); ok {
		return e.Code
	}
	for _, row := range []struct {
		err  error
		code Code
	}{
		{card.ErrUnsupported, MethodUnavailable}, {card.ErrModule, LoadFailed}, {card.ErrNoReader, NoReader}, {card.ErrNoCard, CardNotValid},
		{card.ErrNotRecognised, CardNotSupported}, {card.ErrNoCertificate, NoCertificate}, {card.ErrExpired, CardNotValid}, {card.ErrNoKey, NoKey},
		{card.ErrPINLocked, PINBlocked}, {card.ErrPIN, Failed}, {card.ErrCancelled, UserAbort}, {card.ErrRemoved, CardTransaction},
		{card.ErrFailed, CardTransaction}, {card.ErrBusy, ServerBusy}, {pinentry.ErrNoProgram, NotInstalled},
		{channel.ErrNotEnrolled, NotInitialized}, {channel.ErrNoSession, NotValid}, {channel.ErrAmbiguous, InvalidParameter},
		{channel.ErrCardGone, CardNotValid}, {channel.ErrOffline, ServerUnavailable}, {channel.ErrSilent, ServerUnavailable}, {channel.ErrRefused, UserNotValid},
	} {
		if errors.Is(err, row.err) {
			return row.code
		}
	}
	return Internal
}
