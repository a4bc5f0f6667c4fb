/*
 * bcryptprimitives.dll for a Wine that has none (before 8.16): the one function of it that Go programs call. Windows has its own.
 */
#include <windows.h>
#include <ntsecapi.h>

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE into, SIZE_T length) {
	return RtlGenRandom(into, (ULONG)length);
}
