const codes = /^(?:CERT_|ERR_TLS_CERT|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|INVALID_CA)/;
const words =
  /self.signed certificate|unable to (?:verify the first|get (?:local )?issuer) certificate|certificate has expired|certificate's altnames/i;

/** Whether a server was not believed to be who it says: some clients tell by a code, some in words alone. */
export function isUntrusted({ code, message }: { readonly code?: unknown; readonly message?: unknown }): boolean {
  return (typeof code === 'string' && codes.test(code)) || (typeof message === 'string' && words.test(message));
}
