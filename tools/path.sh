# Sourced: where this project's tools are. Tools of its own come first, cargo's directory is on no bare machine's PATH.
PATH="$PWD/.tools/bin:$PWD/node_modules/.bin:$PATH:${CARGO_HOME:-$HOME/.cargo}/bin"
export PATH
# Trunk reads NO_COLOR=1 as an invalid argument and stops.
unset NO_COLOR
