import type { CommonContext } from '../runtime/context.ts'
import { CLIENT_SUBS, define, only } from './define.ts'
import type { VclType, Vmod, VmodFunction } from './vmod.ts'

// PROXY protocol, section 2.2: types of TLVs, and what the one about TLS holds.
const ALPN = 0x01
const AUTHORITY = 0x02
const SSL = 0x20
const SSL_VERSION = 0x21
const SSL_CN = 0x22
const SSL_CIPHER = 0x23
const SSL_SIG_ALG = 0x24
const SSL_KEY_ALG = 0x25
const CLIENT_SSL = 0x01
const CLIENT_CERT_CONN = 0x02
const CLIENT_CERT_SESS = 0x04
/** Flags, and the result of the verification; TLVs follow. */
const SSL_HEAD_BYTES = 5

/** The value of the first TLV of that type. */
function tlv(bytes: Uint8Array | undefined, wanted: number): Buffer | undefined {
  if (bytes === undefined) return undefined
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 3 <= buffer.length;) {
    const end = at + 3 + buffer.readUInt16BE(at + 1)
    if (end > buffer.length) return undefined
    if (buffer[at] === wanted) return buffer.subarray(at + 3, end)
    at = end
  }
  return undefined
}

/** That of TLS, when it is as long as its head. */
function ssl(c: CommonContext): Buffer | undefined {
  const found = tlv(c.proxy_tlvs, SSL)
  return found === undefined || found.length < SSL_HEAD_BYTES ? undefined : found
}

function row(returns: VclType, doc: string, impl: (c: CommonContext) => unknown): VmodFunction {
  return only(CLIENT_SUBS, define(returns, [], doc, impl))
}

function plain(kind: number, doc: string): VmodFunction {
  return row('STRING', doc, (c) => tlv(c.proxy_tlvs, kind)?.toString('latin1'))
}

function ofTls(kind: number, doc: string): VmodFunction {
  return row('STRING', doc, (c) => tlv(ssl(c)?.subarray(SSL_HEAD_BYTES), kind)?.toString('latin1'))
}

function flag(bit: number, doc: string): VmodFunction {
  return row('BOOL', doc, (c) => ((ssl(c)?.[0] ?? 0) & bit) !== 0)
}

/** What a TLS terminator says of the connection that it has ended. */
export const proxy: Vmod = {
  name: 'proxy',
  doc: 'What the sender of a PROXY header of version 2 (`-a …,PROXY`) says besides addresses: of TLS, mostly. Without it strings are unset and answers no.',
  functions: {
    alpn: plain(ALPN, 'The protocol that TLS has negotiated.'),
    authority: plain(AUTHORITY, 'The host that the client has named (SNI).'),
    is_ssl: flag(CLIENT_SSL, 'Did the client connect with TLS?'),
    client_has_cert_sess: flag(CLIENT_CERT_SESS, 'Did it show a certificate in this TLS session?'),
    client_has_cert_conn: flag(CLIENT_CERT_CONN, 'Did it show a certificate on this connection?'),
    ssl_verify_result: row(
      'INT',
      'What the verification of its certificate came to; 0 is well, and what is said without a certificate.',
      (c) => ssl(c)?.readUInt32BE(1) ?? 0,
    ),
    ssl_version: ofTls(SSL_VERSION, 'The version of TLS.'),
    client_cert_cn: ofTls(SSL_CN, 'The common name in its certificate.'),
    ssl_cipher: ofTls(SSL_CIPHER, 'The cipher.'),
    cert_sign: ofTls(SSL_SIG_ALG, 'How the certificate that it was shown is signed.'),
    cert_key: ofTls(SSL_KEY_ALG, 'What key that certificate has.'),
  },
  unsupported: {},
}
