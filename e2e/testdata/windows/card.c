/*
 * PKCS#11 middleware for Windows with one reader, for tests: a card of files. The folder in LANYARD_TEST_CARD holds
 *
 *   in        is there while the card is in the reader
 *   cert.der  the certificate
 *   key.blob  the RSA key, as BCRYPT_RSAPRIVATE_BLOB
 *   pin       the right PIN
 *
 * Written from the text of PKCS#11 2.40 and by the agent's wants alone. On Windows a CK_ULONG has four bytes, and structures are packed to one.
 */
#include <winsock2.h>
#include <windows.h>
#include <bcrypt.h>
#include <stdio.h>
#include <string.h>

typedef unsigned long ulong; /* four bytes here */

#pragma pack(push, 1)
struct version { BYTE major, minor; };
struct slot_info { BYTE description[64], manufacturer[32]; ulong flags; struct version hardware, firmware; };
struct token_info {
	BYTE label[32], manufacturer[32], model[16], serial[16];
	ulong flags, max_sessions, sessions, max_rw_sessions, rw_sessions, max_pin, min_pin, total_public, free_public, total_private, free_private;
	struct version hardware, firmware;
	BYTE time[16];
};
struct attribute { ulong type; void *value; ulong length; };
struct mechanism { ulong mechanism; void *parameter; ulong length; };
struct list { struct version version; void *functions[68]; };
#pragma pack(pop)

_Static_assert(sizeof(ulong) == 4 && sizeof(struct attribute) == 16 && sizeof(struct slot_info) == 104 && sizeof(struct token_info) == 160, "the ABI of Windows");

enum { OK = 0, FAILED = 0x6, SLOT = 0x3, ARGUMENTS = 0x7, NO_TYPE = 0x12, REMOVED = 0x32, MECHANISM = 0x70, WRONG_PIN = 0xA0, LOCKED = 0xA4, SESSION = 0xB3, NO_TOKEN = 0xE0, NOT_IN = 0x101, SMALL = 0x150 };
enum { THE_SLOT = 7, THE_SESSION = 0x51, CERTIFICATE = 0x11, KEY = 0x12, TRIES = 5 };

static int logged_in, open_sessions, tries = TRIES;
static ulong looked_for; /* the object that a search will find; 0: none */

static int read_file(const char *name, void *into, int most) {
	char path[MAX_PATH], dir[MAX_PATH];
	DWORD n = 0;
	if (!GetEnvironmentVariableA("LANYARD_TEST_CARD", dir, sizeof dir)) return -1;
	snprintf(path, sizeof path, "%s\\%s", dir, name);
	HANDLE f = CreateFileA(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
	if (f == INVALID_HANDLE_VALUE) return -1;
	if (!ReadFile(f, into, most, &n, NULL)) n = -1;
	CloseHandle(f);
	return n;
}

static int inserted(void) {
	char byte;
	if (read_file("in", &byte, 1) >= 0) return 1;
	logged_in = open_sessions = 0; /* a card that left is nobody's any more */
	return 0;
}

static void padded(BYTE *into, int size, const char *text) {
	memset(into, ' ', size);
	memcpy(into, text, strlen(text));
}

/* Wine knows whose a socket is only once its process asked something of it; Windows always does. */
static void touch_sockets(void) {
	for (UINT_PTR s = 4; s < 2048; s += 4) {
		int value, length = sizeof value;
		getsockopt((SOCKET)s, IPPROTO_IP, 4 /* IP_TTL */, (char *)&value, &length);
	}
}

static ulong initialize(void *args) { (void)args; return OK; }
static ulong finalize(void *reserved) { (void)reserved; return OK; }

static ulong slots(BYTE present, ulong *into, ulong *count) {
	ulong n = present && !inserted() ? 0 : 1;
	touch_sockets();
	if (into && *count < n) return SMALL;
	if (into && n) *into = THE_SLOT;
	*count = n;
	return OK;
}

static ulong slot_info(ulong slot, struct slot_info *info) {
	if (slot != THE_SLOT) return SLOT;
	memset(info, 0, sizeof *info);
	padded(info->description, sizeof info->description, "Test Reader 0");
	padded(info->manufacturer, sizeof info->manufacturer, "Test");
	info->flags = 2 | 4 | (inserted() ? 1 : 0); /* removable, hardware, token present */
	return OK;
}

static ulong token_info(ulong slot, struct token_info *info) {
	if (slot != THE_SLOT) return SLOT;
	if (!inserted()) return NO_TOKEN;
	memset(info, 0, sizeof *info);
	padded(info->label, sizeof info->label, "Test Card");
	padded(info->manufacturer, sizeof info->manufacturer, "Test");
	padded(info->model, sizeof info->model, "Files");
	padded(info->serial, sizeof info->serial, "0042");
	info->flags = 0x4 | 0x8 | 0x400; /* login required, PIN set, initialised */
	if (tries < TRIES) info->flags |= 0x10000;
	if (tries == 1) info->flags |= 0x20000;
	if (tries == 0) info->flags |= 0x40000;
	info->max_pin = 16;
	info->min_pin = 4;
	return OK;
}

static ulong open_session(ulong slot, ulong flags, void *data, void *notify, ulong *session) {
	(void)data; (void)notify;
	if (slot != THE_SLOT) return SLOT;
	if (!(flags & 4)) return 0xB4; /* not serial */
	if (!inserted()) return NO_TOKEN;
	open_sessions++;
	*session = THE_SESSION;
	return OK;
}

static ulong check(ulong session) {
	if (!inserted()) return REMOVED;
	return session == THE_SESSION && open_sessions > 0 ? OK : SESSION;
}

static ulong close_session(ulong session) {
	ulong code = check(session);
	if (code == OK && --open_sessions == 0) logged_in = 0;
	return code;
}

static ulong login(ulong session, ulong user, const char *pin, ulong length) {
	char right[16];
	ulong code = check(session);
	if (code != OK) return code;
	if (user != 1 || !pin) return ARGUMENTS;
	if (tries == 0) return LOCKED;
	int n = read_file("pin", right, sizeof right);
	if (n <= 0 || (ulong)n != length || memcmp(right, pin, n)) {
		tries--;
		return WRONG_PIN;
	}
	tries = TRIES;
	logged_in = 1;
	return OK;
}

static ulong logout(ulong session) {
	ulong code = check(session);
	logged_in = 0;
	return code;
}

static ulong find_init(ulong session, struct attribute *wanted, ulong count) {
	ulong code = check(session), class = 0;
	looked_for = 0;
	if (code != OK) return code;
	for (ulong i = 0; i < count; i++) {
		if (wanted[i].type == 0 && wanted[i].length == sizeof class) memcpy(&class, wanted[i].value, sizeof class);
		if (wanted[i].type == 0x102 && (wanted[i].length != 1 || *(BYTE *)wanted[i].value != 1)) return OK; /* another id */
	}
	if (class == 1) looked_for = CERTIFICATE;
	if (class == 3 && logged_in) looked_for = KEY;
	return OK;
}

static ulong find(ulong session, ulong *into, ulong most, ulong *count) {
	ulong code = check(session);
	*count = 0;
	if (code == OK && looked_for && most) {
		*into = looked_for;
		*count = 1;
		looked_for = 0;
	}
	return code;
}

static ulong find_final(ulong session) { looked_for = 0; return check(session); }

static ulong answer(struct attribute *a, const void *value, int length) {
	ulong room = a->length;
	if (length < 0) { a->length = -1; return NO_TYPE; }
	a->length = length;
	if (!a->value) return OK;
	if (room < (ulong)length) { a->length = -1; return SMALL; }
	memcpy(a->value, value, length);
	return OK;
}

static ulong get_attributes(ulong session, ulong object, struct attribute *a, ulong count) {
	static BYTE der[16384];
	ulong code = check(session);
	if (object != CERTIFICATE && object != KEY) return 0x82;
	for (ulong i = 0; i < count && code == OK; i++) {
		if (a[i].type == 0x102) code = answer(&a[i], "\x01", 1);
		else if (a[i].type == 0x3) code = answer(&a[i], "Test Card", 9);
		else if (a[i].type == 0x11 && object == CERTIFICATE) code = answer(&a[i], der, read_file("cert.der", der, sizeof der));
		else code = answer(&a[i], NULL, -1);
	}
	return code;
}

static ulong sign_init(ulong session, struct mechanism *how, ulong key) {
	ulong code = check(session);
	if (code != OK) return code;
	if (!logged_in) return NOT_IN;
	if (key != KEY) return 0x60;
	return how->mechanism == 1 ? OK : MECHANISM; /* CKM_RSA_PKCS */
}

/* What comes in is a DigestInfo of SHA-256; CNG makes it itself, from the hash. */
static ulong sign(ulong session, BYTE *data, ulong length, BYTE *into, ulong *room) {
	static BYTE blob[4096];
	ulong code = check(session);
	BCRYPT_ALG_HANDLE rsa = NULL;
	BCRYPT_KEY_HANDLE key = NULL;
	BCRYPT_PKCS1_PADDING_INFO padding = { BCRYPT_SHA256_ALGORITHM };
	int n = read_file("key.blob", blob, sizeof blob);
	ULONG made = 0;
	if (code != OK) return code;
	if (!logged_in) return NOT_IN;
	if (length != 51 || n <= 0) return 0x21;
	if (BCryptOpenAlgorithmProvider(&rsa, BCRYPT_RSA_ALGORITHM, NULL, 0)) return FAILED;
	code = FAILED;
	if (!BCryptImportKeyPair(rsa, NULL, BCRYPT_RSAPRIVATE_BLOB, &key, blob, n, 0)) {
		if (!BCryptSignHash(key, &padding, data + 19, 32, into, *room, &made, BCRYPT_PAD_PKCS1)) {
			*room = made;
			code = OK;
		}
		BCryptDestroyKey(key);
	}
	BCryptCloseAlgorithmProvider(rsa, 0);
	return code;
}

/* It cannot tell: readers are looked at. */
static ulong wait_for_event(ulong flags, ulong *slot, void *reserved) { (void)flags; (void)slot; (void)reserved; return 0x54; }

static ulong not_here(void) { return 0x54; /* CKR_FUNCTION_NOT_SUPPORTED */ }

__declspec(dllexport) ulong C_GetFunctionList(struct list **out) {
	static struct list list;
	if (!list.version.major) {
		for (int i = 0; i < 68; i++) list.functions[i] = not_here;
		list.functions[0] = initialize;
		list.functions[1] = finalize;
		list.functions[3] = C_GetFunctionList;
		list.functions[4] = slots;
		list.functions[5] = slot_info;
		list.functions[6] = token_info;
		list.functions[12] = open_session;
		list.functions[13] = close_session;
		list.functions[18] = login;
		list.functions[19] = logout;
		list.functions[24] = get_attributes;
		list.functions[26] = find_init;
		list.functions[27] = find;
		list.functions[28] = find_final;
		list.functions[42] = sign_init;
		list.functions[43] = sign;
		list.functions[67] = wait_for_event;
		list.version.minor = 40;
		list.version.major = 2;
	}
	*out = &list;
	return OK;
}
