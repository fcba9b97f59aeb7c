//! The sockets: bytes in, bytes out.

use super::engine::{Credentials, Door, Part};
use crate::cluster::wire::User;
use crate::http::{Answer, Asked, LONGEST_BODY};
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::io::Write as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use tokio::net::TcpListener;
use tokio::sync::mpsc::UnboundedReceiver;

/// Answers from this size on are compressed for whoever can read that (upstream: `defaultGzipThresholdBytes`).
const COMPRESSED_FROM: usize = 128 * 1024;

type Sent = Response<Either<Full<Bytes>, Stream>>;

/// Listens until the process ends.
pub fn listen(address: SocketAddr, door: Door, lent: &User, ready: impl FnOnce(SocketAddr)) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build();
    let runtime = runtime.map_err(|error| format!("sockets: {error}"))?;
    let local = tokio::task::LocalSet::new();
    let lent = Rc::new(lent.clone());
    local.block_on(&runtime, async move {
        let listener = TcpListener::bind(address).await.map_err(|error| format!("{address}: {error}"))?;
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        ready(address);
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            // Answers are small and waited for.
            let _ = stream.set_nodelay(true);
            let (door, lent) = (door.clone(), lent.clone());
            tokio::task::spawn_local(async move {
                let service = service_fn(|request| exchange(request, door.clone(), lent.clone()));
                // A connection that breaks is the client's affair.
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    })
}

async fn exchange(request: Request<Incoming>, door: Door, lent: Rc<User>) -> Result<Sent, Infallible> {
    let (head, body) = request.into_parts();
    let text = |name: &str| -> String {
        let values = head.headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.collect::<Vec<_>>().join(",")
    };
    // One byte more than is taken: whoever reads the body sees that it was too long.
    let body = Limited::new(body, LONGEST_BODY + (1 << 20)).collect().await;
    let body = body.map_or_else(|_| vec![b' '; LONGEST_BODY + 1], |body| body.to_bytes().to_vec());
    let asked = Asked {
        method: head.method.as_str().to_owned(),
        path: head.uri.path_and_query().map_or_else(String::new, ToString::to_string),
        accept: text("accept"),
        content_type: text("content-type"),
        user_agent: text("user-agent"),
        body,
    };
    let credentials = credentials(&head.headers, &lent);
    let compressed = text("accept-encoding").contains("gzip");
    let mut parts = door.ask(asked, credentials);
    Ok(match parts.recv().await {
        Some(Part::Head(answer, more)) => sent(answer, more.then_some(parts), compressed),
        _ => sent(Answer { code: 503, content_type: "text/plain", ..Answer::default() }, None, false),
    })
}

/// Who asks: whom the server lends its name to, or whose token it is; and in whose name (upstream: `filters/impersonation`).
fn credentials(headers: &HeaderMap, lent: &User) -> Credentials {
    let all = |name: &str| headers.get_all(name).iter().filter_map(|value| value.to_str().ok().map(str::to_owned));
    let token = all("authorization").next().and_then(|value| value.strip_prefix("Bearer ").map(str::to_owned));
    let acts_as = all("impersonate-user").next().map(|name| (name, all("impersonate-group").collect()));
    let lent = (lent.name.to_string(), lent.groups.iter().map(ToString::to_string).collect());
    Credentials { lent, token, acts_as }
}

fn sent(answer: Answer, more: Option<UnboundedReceiver<Part>>, compressed: bool) -> Sent {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static(answer.content_type));
    headers.insert("cache-control", HeaderValue::from_static("no-cache, private"));
    for warning in &answer.warnings {
        let quoted = warning.replace('\\', "\\\\").replace('"', "\\\"");
        put(&mut headers, HeaderName::from_static("warning"), &format!("299 - \"{quoted}\""));
    }
    if let Some(seconds) = answer.retry_after {
        put(&mut headers, HeaderName::from_static("retry-after"), &seconds.to_string());
    }
    let body = match more {
        Some(parts) => Either::Right(Stream { first: Some(answer.body), parts }),
        None if compressed && answer.body.len() >= COMPRESSED_FROM => {
            headers.insert("content-encoding", HeaderValue::from_static("gzip"));
            headers.insert("vary", HeaderValue::from_static("Accept-Encoding"));
            Either::Left(Full::from(packed(&answer.body)))
        }
        None => Either::Left(Full::from(answer.body)),
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = headers;
    response
}

/// A header whose text comes from people may hold what a header cannot.
fn put(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
        headers.append(name, value);
    }
}

fn packed(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).and_then(|()| encoder.finish()).expect("memory can be written to")
}

/// The rest of an answer, as it comes.
struct Stream {
    first: Option<Vec<u8>>,
    parts: UnboundedReceiver<Part>,
}

impl hyper::body::Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if let Some(first) = self.first.take().filter(|first| !first.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(first.into()))));
        }
        match self.parts.poll_recv(cx) {
            Poll::Ready(Some(Part::Chunk(bytes))) => Poll::Ready(Some(Ok(Frame::data(bytes.into())))),
            Poll::Ready(_) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}
