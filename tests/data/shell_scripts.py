"""Scripts that the simulated shell and a real bash must run alike, by topic.

Standard output and the exit status are compared, and whether there was anything on standard error.
"""

QUOTING = [
    r"""echo "a'b" 'a"b' "a\"b" a\'b""",
    r"""echo "a\nb" 'a\nb' $'a\nb' "a\\b" 'a\\b' a\\b""",
    r"""x='$y'; echo "$x" '$x' "\$x" \$x""",
    r"""printf '<%s>' "" '' "a b" a\ b; echo""",
    r"""x=; printf '<%s>' $x "$x" a$x"b"; echo""",
    r"""echo "$(echo "a  b")" $(echo "a  b")""",
    r"""echo "`echo "a  b"`" `echo \`echo deep\``""",
    r"""echo a#b # comment
echo 'no # comment' "none # either" """,
    r"""echo one \
two""",
    r"""echo 'multi
line' "second
line" """,
    r"""echo $'\x41\t\101\'' $'a\\b' $'\e' $'\n' $'' """,
    r"""x="a b"; y=$x; z="$x"'c'; echo "$y|$z" """,
    r"""echo "${x:-"a b"}" "${x:-'a b'}" ${x:-'a b'} """,
    r"""set -- 'a b' c; printf '<%s>' "$@" "$*" $@ $*; echo; printf '<%s>' x"$@"y; echo""",
    r"""set --; printf '<%s>' "$@" "$*" a"$@"; echo; echo $#""",
    r"""IFS=,; set -- a b c; echo "$*" $*; IFS=; echo "$*" $*; unset IFS; echo "$*" """,
    r"""x='a,b,,c'; IFS=,; printf '<%s>' $x; echo; x=,a; printf '<%s>' $x; echo""",
    r"""IFS=' ,'; x=' a , b,  c '; printf '<%s>' $x; echo""",
    r"""echo ~ "~" '~' ~/x a~ """,
    r"""x=~/y; echo $x; y=a:~; echo "$y" """,
    r"""echo "a""b"'c'd""",
    r"""echo \a\b\ c "\a" '\a' """,
    r"""a=1; echo $a$a "${a}b" $a-b "$a b" """,
    r"""echo "$" "$ a" $ '$' a$ """,
    r"""echo "!" a!b '!' """,
    r"""echo {a,b} '{a,b}' "{a,b}" {a} {a,} {,a}b {} """,
    r"""echo {1..5} {5..1..2} {01..03} {a..e} {1..a} a{b,c{d,e}}f""",
    r"""echo "`echo '\\'`" '`' "\`" """,
    "x='a\tb  c'; echo $x; echo \"$x\"",
    r"""printf '%s\n' a"$(printf 'x\ny\n\n')"b""",
]

PARAMETERS = [
    r"""x=abc; echo ${x} ${#x} ${x:0:1} ${x:1} ${x: -1} ${x:0:-1} ${x:5} """,
    r"""unset x; echo "[${x-a}]" "[${x:-b}]" "[${x+c}]" "[${x:+d}]"; x=; echo "[${x-a}]" "[${x:-b}]" "[${x+c}]" "[${x:+d}]" """,
    r"""unset x; : ${x:=val}; echo $x; : ${x:=other}; echo $x""",
    r"""unset x; (echo ${x:?missing thing}; echo never); echo $?""",
    r"""unset x; echo ${x?}; echo never""",
    r"""p=/a/b/c.tar.gz; echo ${p##*/} ${p%/*} ${p%%.*} ${p#*.} ${p##*.} ${p#/} ${p%.gz}""",
    r"""x=aXbXc; echo ${x/X/-} ${x//X/-} ${x/#a/-} ${x/%c/-} ${x//X} ${x/X} ${x//[abc]/.}""",
    r"""x='a*b*c'; echo "${x//\*/+}" "${x#*\*}" "${x%\**}"; y='*'; echo "${x//"$y"/+}" "${x//$y/+}" """,
    r"""x=a.b; y=.; echo ${x//$y/-} "${x//"$y"/-}" ${x%$y*}""",
    r"""x='hello world'; echo ${x^} ${x^^} ${x^^[lo]}; y=HELLO; echo ${y,} ${y,,}""",
    r"""x=abc; y=x; echo ${!y}""",
    r"""f() { echo $# "$1" "${2-none}" "${@: -1}"; shift; echo "$*"; }; f a 'b c' d""",
    r"""set -- a b c d; shift 2; echo $* $#; shift 5; echo $? $#; shift; shift; echo $#""",
    r"""set -- 1 2 3 4 5 6 7 8 9 ten eleven; echo ${10} $10 ${11} ${#} ${#1} ${#10}""",
    r"""set -- a b c; for i; do echo $i; done; for i do echo $i; done""",
    r"""set -- a b; echo "${@/a/x}" "${*%b}" ${@:0:1} "${#@}" "${#*}" """,
    r"""echo $?; false; echo $?; (exit 7); echo $?; true; echo ${?}""",
    r"""x=5; x+=5; echo $x; declare -i n=5; n+=5; echo $n; n=3*4; echo $n""",
    r"""declare -i n; n=2+3; echo $n; n=abc; echo $n; n="4 * 5"; echo $n""",
    r"""readonly r=1; r=2; echo "still $r $?" """,
    r"""readonly r=1; (unset r) ; echo $?; echo $r""",
    r"""f() { local a=1 b; b=2; echo $a $b; }; a=x b=y; f; echo $a $b""",
    r"""f() { local a=in; g; echo $a; }; g() { echo $a; a=changed; }; a=out; f; echo $a""",
    r"""f() { local x; echo "[${x-unset}]"; }; x=outer; f""",
    r"""export A=1; bash -c 'echo $A'; A=2 bash -c 'echo $A'; echo $A; B=3; bash -c 'echo "[$B]"'""",
    r"""A=1; export A; env | grep '^A='; unset A; env | grep -c '^A='""",
    r"""declare x=1; typeset y=2; echo $x$y; declare -r z=3; z=4; echo never $z""",
    r"""declare -x V=5; bash -c 'echo $V'; declare -a arr; arr[0]=q; echo ${arr[0]}""",
    r"""a=(x y z); echo ${a[0]} ${a[-1]} ${#a[@]} "${a[*]}" ${!a[@]} ${#a[1]}""",
    r"""a=(); echo "${#a[@]}" "[${a[@]}]"; a+=(1); a+=("2 3"); for i in "${a[@]}"; do echo "<$i>"; done""",
    r"""a=(1 2 3); unset 'a[1]'; echo ${a[@]} ${#a[@]} ${!a[@]}""",
    r"""a=([2]=c [0]=a); echo ${!a[@]} ${a[@]}; a[5]=f; echo ${!a[@]} ${#a[@]}""",
    r"""declare -A m; m[one]=1; m[two]=2; echo ${m[one]} ${m[two]} ${#m[@]}; for k in one two; do echo $k=${m[$k]}; done""",
    r"""declare -A m=([a]=1 [b]=2); m[a]+=x; echo "${m[a]}" "${m[b]}"; unset 'm[a]'; echo ${#m[@]} ${!m[@]}""",
    r"""i=1; a=(p q r); echo ${a[i]} ${a[i+1]} ${a[$i]}; a[i]=Q; echo ${a[@]}; echo ${a}""",
    r"""x=(a b); y=("${x[@]}" c); echo ${#y[@]} ${y[2]}; z=(${x[*]}); echo ${#z[@]}""",
    r"""x=a:b:c; IFS=: read -r p q r <<< "$x"; echo $p-$q-$r; IFS=: read -ra arr <<< "$x"; echo ${#arr[@]} ${arr[1]}""",
    r"""x='  pad  '; read y <<< "$x"; echo "[$y]"; IFS= read -r y <<< "$x"; echo "[$y]" """,
    r"""set -- -a b; while [ $# -gt 0 ]; do case $1 in -a) echo A $2; shift 2;; *) break;; esac; done; echo $#""",
    r"""x=1; unset x; echo "[$x]" ${x-gone}; unset nosuch; echo $?""",
    r"""echo $0 | sed 's/.*bash/bash/'; bash -c 'echo $0 $1 $2' name one two""",
    r"""x=abcdef; echo ${x:1:2} ${x:(-3)} ${x:(-3):2} ${x: -3:-1}; n=2; echo ${x:n} ${x:n+1:1} ${x:$n:$((n-1))}""",
    r"""v=; echo ${v:-${w:-deep}} ${v:-$(echo sub)} "${v:-"q q"}" """,
    r"""x=/usr/lib; echo ${x//\//_} ${x/\/usr/} ${x//\/}""",
    r"""x='a b c'; set -- $x; echo $#; set -- "$x"; echo $#; y=${x// /}; echo $y""",
    r"""x="line1
line2"; echo "${x%%
*}" "${x#*
}" """,
    r"""printf -v out '%03d' 7; echo $out; printf -v 'a[1]' x; echo ${a[1]}""",
    r"""x=3; echo $((x))$x ${x}0 $x"0"; echo "${x:+set}" ${y:+set}; echo ${x:+"a b"}""",
    r"""echo ${#} ${#@} ${#?} ${?}; set -- a; echo ${#} ${#1}""",
    r"""x='A B'; y="${x@Q}"; echo "$y" """,
    r"""HOME=/h; echo ~ ~/a; cd /; echo $PWD; echo ~+ """,
    r"""[ "$UID" = "$(id -u)" ] && echo same; [ -n "$RANDOM" ] && echo rnd; echo ${BASH_VERSION:+bash}; echo $SECONDS""",
    r"""f() { echo "$FUNCNAME ${FUNCNAME[0]}"; }; f; echo "[$FUNCNAME]" """,
    r"""echo $LINENO
echo $LINENO
f() {
echo $LINENO
}
f""",
]

CONTROL = [
    r"""if false; then echo a; elif true; then echo b; else echo c; fi; if false; then :; fi; echo $?""",
    r"""for i in a b c; do for j in 1 2; do [ $j = 2 ] && continue 2; echo $i$j; done; done""",
    r"""for i in 1 2 3; do for j in 1 2 3; do [ $i$j = 22 ] && break 2; echo $i$j; done; done; echo end""",
    r"""i=0; while [ $i -lt 3 ]; do i=$((i+1)); echo $i; done; until [ $i -eq 0 ]; do i=$((i-1)); done; echo $i""",
    r"""while read a b; do echo "$b $a"; done <<E
1 2
3 4 5
E""",
    r"""for i in $(seq 3); do echo $i; done; for ((;;)); do break; done; echo $?""",
    r"""case abc in b*) echo b;; a*) echo a;; *) echo other;; esac""",
    r"""case "a b" in "a b") echo quoted;; esac; case x in x|y) echo xy;; esac; case '' in '') echo empty;; esac""",
    r"""x='*'; case abc in "$x") echo literal;; $x) echo glob;; esac""",
    r"""case 5 in [0-4]) echo low;; [5-9]) echo high;; esac; case a in [!b]) echo notb;; esac; case - in -) echo dash;; esac""",
    r"""case abc in (abc) echo p;; esac; case x in esac; echo $?""",
    r"""case a in a) echo 1;& b) echo 2;; c) echo 3;; esac""",
    r"""case a in a) echo 1;;& [a-z]) echo 2;; *) echo 3;; esac""",
    r"""case "$1" in "") echo none; esac
case z in
  # comment
  a) echo a
     ;;
  z)
     echo z
     ;;
esac""",
    r"""f() { return 3; }; f; echo $?; f || echo or; f && echo and; if f; then :; else echo else $?; fi""",
    r"""f() { echo $1; [ $1 -gt 0 ] && f $(($1-1)); return 0; }; f 3""",
    r"""function g { echo g; }; g; function h() { echo h; }; h; g() { echo new; }; g; unset -f g; type -t g; echo $?""",
    r"""f() (echo sub; exit 4); f; echo $?; f2() { exit 5; }; (f2); echo $?""",
    r"""{ echo a; echo b; } | while read x; do echo "<$x>"; done; (echo c; exit 3) || echo $?""",
    r"""true && false || echo x; false && echo y || echo z; ! true || echo n; ! false && echo m""",
    r"""true; ! true; echo $?; ! false; echo $?; ! (exit 3); echo $?""",
    r"""echo a; echo b & wait; echo c""",
    r"""if [ a = b ]; then echo; else if true; then echo nested; fi; fi
while true
do
  break
done
echo ok""",
    r"""for x in; do echo never; done; echo $?; for x in "a b" c; do echo "$x"; done""",
    r"""mkdir w; cd w; for x in *; do echo "$x"; done; mkdir d; touch d/b d/a; for x in d/*; do echo $x; done; echo d/[a] d/? d/nosuch*""",
    r"""x=1; while :; do x=$((x*2)); [ $x -gt 100 ] && break; done; echo $x""",
    r"""break; echo "after $?"; continue; echo "after2 $?" """,
    r"""f() { for i in 1 2; do return $i; done; }; f; echo $?""",
    r"""exit 3 | exit 4; echo $?; (exit 2; echo no) ; echo $?""",
    r"""time_it() { "$@"; }; time_it echo hi; cmd=echo; $cmd there; c='echo a b'; $c""",
    r"""set -- a; if (( $# == 1 )); then echo one; fi; if ! [ -e /nosuch ]; then echo absent; fi""",
    r"""n=0; for i in {1..10}; do (( i % 2 )) && continue; (( n += i )); done; echo $n""",
    r"""select_me=1; echo $select_me; then=2; echo $then; if=3; echo $if""",
    r"""{ ./nosuchfile; echo $?; /; echo $?; } 2>/dev/null""",
    r"""eval 'for i in 1 2; do echo $i; done'; eval; echo $?; eval false; echo $?; eval "exit 3" """,
    r"""x='echo hi; echo there'; eval "$x"; eval echo '$x' | head -1; y=x; eval z=\$$y; echo "$z" """,
    r"""command echo a; builtin echo b; command -v cd nosuch; echo $?; type -t echo if nosuch; echo $?""",
    r"""f() { echo func; }; echo() { printf 'mine\n'; }; echo a; command echo b; unset -f echo; echo c""",
    r""": a b; echo $?; true x; echo $?; false y; echo $?""",
    r"""umask; ulimit -c >/dev/null; echo $?""",
]

CONDITIONS = [
    r"""[ -z "" ] && echo z; [ -n a ] && echo n; [ a ] && echo a; [ "" ]; echo $?; [ ]; echo $?""",
    r"""[ -z $nosuch ] && echo z; [ -n $nosuch ] && echo n""",
    r"""[ 1 -eq 1 ] && [ 1 -ne 2 ] && [ 1 -lt 2 ] && [ 2 -le 2 ] && [ 3 -gt 2 ] && [ 3 -ge 3 ] && echo ok""",
    r"""[ ! -d /nosuch ] && echo nodir; [ -d / ] && echo dir; [ -e / -a ! -f / ] && echo both""",
    r"""[ a = a ] || echo no; [ a == a ] && echo eq; [ a != b ] && echo ne; [ b \> a ] && echo gt; [ a \< b ] && echo lt""",
    r"""touch f; [ -f f ] && [ -r f ] && [ -w f ] && [ ! -x f ] && [ ! -s f ] && echo ok; echo x > f; [ -s f ] && echo size""",
    r"""touch b; sleep 0.02; touch a; [ a -nt b ] && echo newer; [ nosuch -ot a ] && echo older; [ a -ef a ] && echo same""",
    r"""[ 1 -eq x ] 2>/dev/null; echo $?; [ a b ] 2>/dev/null; echo $?; [ a = ] 2>/dev/null; echo $?""",
    r"""[ -a ]; echo $?; [ ! ]; echo $?; [ = ]; echo $?; [ = = = ]; echo $?; [ ! = ! ]; echo $?""",
    r"""[ \( a = b \) -o \( c = c \) ] && echo paren; test a = b -o b = b && echo or; test ! a = b && echo not""",
    r"""[[ -z $nosuch && a = a ]] && echo ok; [[ a = a || b = c ]] && echo or; [[ ! a = b ]] && echo not""",
    r"""x='a b'; [[ $x = 'a b' ]] && echo same; [[ $x == a* ]] && echo glob; [[ $x == "a*" ]] || echo lit; [[ $x != b* ]] && echo ne""",
    r"""[[ abc =~ b ]] && echo has; [[ abc =~ ^b ]] || echo no; [[ 'a.c' =~ a\.c ]] && echo dot; [[ abc =~ a.c ]] && echo any""",
    r"""[[ 2024-01-15 =~ ^([0-9]+)-([0-9]+)-([0-9]+)$ ]] && echo "${BASH_REMATCH[@]}" ${BASH_REMATCH[2]}""",
    r"""re='^0x[0-9a-fA-F]+$'; for x in 0x1f 12 0xg 0xABC; do if [[ $x =~ $re ]]; then echo "$x yes"; else echo "$x no"; fi; done""",
    r"""[[ 3 -gt 2 ]] && echo gt; [[ 10 -gt 9 ]] && echo num; [[ 10 > 9 ]] || echo text; x=5; [[ x -eq 5 ]] && echo var; [[ 2+3 -eq x ]] && echo arith""",
    r"""[[ a < b ]] && echo lt; [[ (a = b || c = c) && d = d ]] && echo grouped""",
    r"""[[ -d / && ! -e /nosuch ]] && echo files; [[ -n "" ]]; echo $?; [[ "" ]]; echo $?; [[ x ]]; echo $?""",
    r"""x=; [[ $x = "" ]] && echo empty; [[ -z $x ]] && echo z; [[ $x ]] || echo false""",
    r"""[[ ab == [ab]b && xb != [ab]b ]] && echo class; [[ a == ? && ab == ?b ]] && echo q""",
    r"""v=1; [[ -v v ]] && echo set; [[ -v nope ]] || echo unset; test -v v && echo set2""",
    r"""shopt -s extglob 2>/dev/null; shopt -s nullglob; echo /nosuch*; shopt -u nullglob; echo /nosuch*""",
    r"""[[ foo == f?(o)o ]] && echo ext; [[ foobar == @(foo|bar)* ]] && echo at; [[ xyz == !(abc) ]] && echo not""",
    r"""(( 0 )); echo $?; (( 5 > 3 )); echo $?; (( x = 0 )); echo $? $x; (( x = 4 )); echo $? $x""",
    r"""echo | [ -p /dev/stdin ] && echo pipe; [ -c /dev/null ] && echo char""",
    r"""[ -o errexit ] || echo off; set -e; [ -o errexit ] && echo on; [ -t 0 ] || echo notty""",
    r"""[ " 5 " -eq 5 ] && echo blanks; [ 010 -eq 10 ] && echo decimal; [ -5 -lt +3 ] && echo signs""",
    r"""test -e / && test 1 = 1; echo $?; test; echo $?; test -n; echo $?""",
]

ARITHMETIC = [
    r"""echo $((1+2*3)) $(( (1+2)*3 )) $((7%3)) $((-7/2)) $((2**8)) $((1<<4)) $((0xff & 0x0f)) $((5|2)) $((5^1))""",
    r"""x=5; echo $((x++)) $x $((++x)) $x $((x--)) $((--x)) $x""",
    r"""x=3; echo $((x+=2)) $((x*=3)) $((x-=1)) $((x/=2)) $((x%=4)) $((x<<=2)) $((x|=1)) $((x&=6)) $((x^=3)) $((x>>=1))""",
    r"""echo $((1>2)) $((1<2)) $((1==1)) $((1!=1)) $((1&&0)) $((1||0)) $((!5)) $((~0)) $((1,2,3)) $((1?2:3)) $((0?2:3))""",
    r"""echo $((010)) $((0x1F)) $((2#1010)) $((16#ff)) $((36#z)) $((64#_)) $((8#17))""",
    r"""x=y; y=7; echo $((x)) $((x+1)) $(($x)) $((${x}+0)); z='1+2'; echo $((z*2)) $(($z*2))""",
    r"""echo $(( $(echo 3) + `echo 4` )) $((${#HOME} > 0)) $(( "3" + 1 ))""",
    r"""unset u; echo $((u)) $((u+1)); e=; echo $((e)); echo $(( ))""",
    r"""echo $((1/0)); echo "status $?" """,
    r"""(( 1/0 )) 2>/dev/null; echo $?; let 'x=1/0' 2>/dev/null; echo $?; echo $((5%0)) 2>/dev/null; echo no""",
    r"""echo $((08)) ; echo never""",
    r"""(echo $((1+)) ) 2>/dev/null; echo $?; (echo $((a b)) ) 2>/dev/null; echo $?""",
    r"""let x=1+2 y=x*2; echo $x $y; let "z = 5 > 3"; echo $z; let z=0; echo $?""",
    r"""for ((i=0;i<5;i++)); do ((i==3)) && break; echo -n "$i "; done; echo; for ((i=10;i>0;i-=3)) { echo $i; }""",
    r"""a=(1 2 3); echo $((a[0]+a[2])) $((a[1]*=5)) ${a[1]}; i=2; echo $((a[i]++)) ${a[2]}""",
    r"""echo $((9223372036854775807+1)) $((-9223372036854775808)) $((9223372036854775807*2)) $((1<<63)) $((1<<64))""",
    r"""echo $((-1>>1)) $((-8>>1)) $((1<<-1)) $((-5%3)) $((5%-3)) $((-5/3))""",
    r"""echo $((2**0)) $((0**0)) $((2**62)) $((2**63)) $((3**40)); echo $((2**-1)); echo no""",
    r"""x=1; echo $((x==1?x=5:9)) $x; echo $((0&&(x=9))) $x; echo $((1||(x=9))) $x""",
    r"""echo $((- 5)) $((+5)) $((!0)) $((- -5)) $((~~5)) $((!!3)) $((-+-2))""",
    r"""x=5; echo $((x+++x)) $x; y=2; echo $((y---1)) $y""",
    r"""n=12; echo $((n/10))$((n%10)) $[n+1] $[ 2 * 3 ]""",
    r"""x=007; echo $((10#$x)) $((10#08+1)); printf '%d\n' $((0x10))""",
    r"""hex=ff; echo $((0x$hex)) $((16#$hex)) $((0X1A))""",
    r"""echo $((1 == 1 && 2 > 1 || 0)) $((1 | 2 ^ 3 & 4)) $((1 + 2 << 3)) $((7 & 3 == 3)) $((2 ** 3 ** 2)) $((-2 ** 2))""",
    r"""((a=1, b=a+1)); echo $a $b; ((c)) || echo zero; ((!c)) && echo not; (( a < b && b < 5 )) && echo both""",
    r"""while ((n-- > 10)); do echo $n; done; n=3; while ((--n)); do echo "n$n"; done""",
    r"""x=$((5)); echo "$((x))text$((x*2))" "a $((1 + 1)) b"; echo $(( x > 3 ? x : 3 ))""",
]

REDIRECTION = [
    r"""echo a > f; echo b >> f; cat f; cat < f; echo c > f; cat f""",
    r"""echo out; echo err >&2; { echo a; echo b >&2; } 2>/dev/null; { echo c; echo d >&2; } 2>&1 | sort""",
    r"""ls /nosuch 2>/dev/null; echo $?; ls /nosuch > f 2>&1; [ -s f ] && echo caught; ls /nosuch &> g; [ -s g ] && echo both""",
    r"""exec 3> f; echo x >&3; echo y >&3; exec 3>&-; cat f; echo z 2>/dev/null >&3; echo $?""",
    r"""exec 4< /dev/null; read x <&4; echo $?; exec 4<&-; printf 'l1\nl2\n' > f; exec 5< f; read a <&5; read b <&5; echo $a $b""",
    r"""echo hi > f; while read x; do echo "<$x>"; done < f; cat << E
here $((1+1)) "quoted" $(echo sub)
E""",
    """cat <<'E'
raw $x `y` \\z
E
cat <<-E
\ttab stripped
\t  more
\tE
cat <<"E" ; echo after
q $x
E""",
    r"""cat <<A <<B
first
A
second
B
cat <<E | tr a-z A-Z
up
E""",
    r"""x=v; cat <<E
$x ${x} \$x $(( 1 + 2 )) `echo bq` \\ \a
'$x' "$x"
E""",
    r"""cat <<< hello; cat <<< "a  b"; x='1 2'; cat <<< $x; tr a b <<< aaa; wc -l <<< "" """,
    r"""cat <(echo a) <(echo b); diff <(echo a) <(echo a) && echo same; read x < <(echo sub); echo $x""",
    r"""cat <(echo X) > f; cat f; sort <(printf 'b\na\n')""",
    r"""echo data > >(cat > f); sleep 0.2; cat f; echo t | tee >(tr a-z A-Z > g) > /dev/null; sleep 0.2; cat g""",
    r"""> f; [ -e f ] && echo made; : > g; cat g; echo x > f > g; cat f g""",
    r"""f() { echo body; echo err >&2; } > out 2>&1; f; sort out; g() { cat; } < out; g | wc -l""",
    r"""if true; then echo in; fi > f; cat f; for i in 1 2; do echo $i; done > f; cat f; { echo g; } > f; cat f; (echo s) > f; cat f""",
    r"""cat nosuch 2>/dev/null; echo $?; cat < nosuch 2>/dev/null; echo $?; echo x > /nosuch/y 2>/dev/null; echo $?""",
    r"""echo a b > 'f g'; cat 'f g'; t=h; echo 1 > $t; cat h; echo 2 > "$t.x"; cat h.x""",
    r"""set -C; echo a > f; echo b > f; echo $?; echo c >| f; cat f""",
    r"""echo abc | { read x; echo "got $x"; }; echo a | cat - ; printf 'x\ny\n' | tail -n1; echo q | cat | cat""",
    r"""echo a |& cat; ls /nosuch |& wc -l; { echo o; echo e >&2; } |& sort""",
    r"""x=$(< /dev/null); echo "[$x]"; echo content > f; y=$(<f); echo "$y"; z=$(cat f f); echo "$z" """,
    r"""echo 1 2>&1 >/dev/null; echo $?; { echo stdout; echo stderr >&2; } 2>&1 >/dev/null""",
    r"""echo a 1>f; cat f; echo b 1>&2 2>/dev/null; cat 0<f; echo c 2>g >f; cat f g""",
    r"""{ read a; read b; } < <(printf '1\n2\n'); echo $a$b; while IFS=, read -r k v; do echo "$v-$k"; done <<E
a,1
b,2
E""",
    r"""printf 'no newline' > f; while read -r l || [ -n "$l" ]; do echo "[$l]"; done < f; read x < f; echo $? $x""",
    r"""echo in > f; (cat; echo more) < f; { cat; } < f; exec < f; read l; echo "l=$l" """,
    r"""echo a>f;cat<f;echo b>>f;cat<f|wc -l;echo c 2>/dev/null|cat""",
    r"""exec > f; echo hidden; exec >&2; cat f""",
    r"""exec 3< none; echo $?; exec 3< none || echo no; exec 3< none echo x; echo on""",
    r"""set -e; exec 3< none; echo on""",
    r"""exec 3>&1; x=$(echo captured; echo direct >&3); echo "x=$x"; exec 3>&-""",
    r"""cat > f <<E
to file
E
cat f; cat <<E > g
also
E
cat g""",
    r"""true > f && echo ok; false > f || echo bad; echo x >&- 2>/dev/null; echo $?""",
    r"""seq 3 | head -n 2; seq 1000 | head -1""",
    r"""printf '%s\n' a b c | while read x; do [ $x = b ] && break; echo $x; done; echo end""",
    r"""cat <<E
a\
b
E
cat <<'E'
a\
b
E""",
    r"""cat << E && echo then
body
E
for i in 1 2; do cat <<E
loop $i
E
done""",
    r"""cmd() { cat <<E
in function $1
E
}
cmd x; x=$(cat <<E
substituted
E
); echo "$x" """,
]

OPTIONS = [
    r"""set -e; true; false || true; if false; then :; fi; while false; do :; done; ! true; false && true; echo alive; false; echo dead""",
    r"""set -e; f() { false; echo in; }; f || echo or; f; echo dead""",
    r"""set -e; x=$(false); echo dead""",
    r"""set -e; local_test() { local x=$(false); echo alive; }; local_test; export y=$(false); echo alive2""",
    r"""set -e; (false); echo dead""",
    r"""set -e; false | true; echo alive; set -o pipefail; false | true; echo dead""",
    r"""set -e; trap 'echo exit $?' EXIT; false; echo dead""",
    r"""set -e; echo $(false; echo sub); [ 1 = 2 ] || echo alive; (( 0 )) || echo alive2; ((0)); echo dead""",
    r"""set -e; if ! false; then echo a; fi; until true; do :; done; { false; } || echo b; for i in 1; do false; done; echo dead""",
    r"""set +e; false; echo alive; set -e; set +e; false; echo alive2; set -o errexit; set +o errexit; false; echo alive3""",
    r"""set -u; echo ${x-d}; echo "$@" $# $*; x=1; echo $x; echo $nope; echo dead""",
    r"""set -u; (echo $nope) 2>/dev/null; echo $?; echo ${#nope} 2>/dev/null; echo dead""",
    r"""set -u; echo $((nope+1)); echo dead""",
    r"""set -u; f() { echo $1; }; f a; f; echo dead""",
    r"""set -o pipefail; false | true && echo no; true | true && echo yes; (exit 3) | (exit 2) | true; echo $? "${PIPESTATUS[@]}" """,
    r"""false | true | false; echo "${PIPESTATUS[*]}" $?; true; echo ${PIPESTATUS[0]}""",
    r"""set -eu -o pipefail; echo ok; set -euo pipefail; echo ok2; x=${y:-z}; echo $x; false | cat; echo dead""",
    r"""set -f; echo *; set +f; touch q; echo q*; set -o noglob; echo q*""",
    r"""set -- -x a; echo $1 $2; set - b; echo $1; set a b c; echo $3; set --; echo $#""",
    r"""set -x; echo hi; x=1; [ $x = 1 ]; set +x; echo done""",
    r"""set -n; echo never""",
    r"""set -a; X=5; set +a; bash -c 'echo $X'; set -o allexport; Y=6; bash -c 'echo $Y'""",
    r"""set -e; f() { trap 'echo t' EXIT; return 1; }; f; echo dead""",
    r"""bash -e -c 'false; echo no'; echo $?; bash -ec 'true; echo yes'; bash -c 'exit 9'; echo $?; sh -c 'echo $0' arg0""",
    r"""echo 'echo from $0 $1; exit 4' > s.sh; bash s.sh x | sed 's/s.sh/S/'; bash s.sh >/dev/null; echo $?; . ./s.sh arg; echo dead""",
    r"""echo 'v=set; return 3; v=no' > l.sh; source ./l.sh; echo $? $v; . ./nosuch.sh 2>/dev/null; echo $?""",
    r"""printf '#!/bin/bash\necho script "$@" $#\n' > x.sh; chmod +x x.sh; ./x.sh a 'b c'; echo $?""",
    r"""printf '#!/bin/sh\nexit 6\n' > x.sh; chmod 755 x.sh; ./x.sh; echo $?; printf 'echo noshebang' > y.sh; chmod +x y.sh; ./y.sh""",
    r"""exec 2>/dev/null; exec /nosuch; echo dead""",
    r"""bash -c 'exec echo replaced; echo dead'; (exec echo sub); echo alive; exec true; echo dead""",
    r"""bash -c "echo one && exec echo two $*" ; bash <<< 'echo stdin script'; echo 'echo piped' | bash; bash -s a b <<< 'echo $1 $2'""",
]

TRAPS = [
    r"""trap 'echo bye' EXIT; echo hi""",
    r"""trap 'echo "status $?"' EXIT; false""",
    r"""trap 'echo one' EXIT; trap 'echo two' EXIT; trap 'echo zero' 0; echo body""",
    r"""trap 'echo gone' EXIT; trap - EXIT; echo body""",
    r"""trap '' EXIT; echo body; trap 'exit 9' EXIT; exit 2""",
    r"""trap 'echo int' INT; kill -INT $$; echo after""",
    r"""trap 'echo int' SIGINT; kill -s INT $$; kill -2 $$; kill -SIGINT $$; kill -s SIGINT $$; echo after""",
    r"""trap 'echo term; exit 5' TERM; kill $$; echo never""",
    r"""trap 'echo cleanup' INT TERM EXIT; kill -TERM $$; echo after""",
    r"""trap 'echo u1' USR1; trap 'echo u2' USR2; kill -USR1 $$; kill -USR2 $$; echo end""",
    r"""trap '' TERM; kill $$; echo survived; trap - TERM; trap 'echo x' EXIT; kill $$; echo never""",
    r"""trap 'echo exit' EXIT; kill -9 $$; echo never""",
    r"""trap "echo 0 > f" SIGINT SIGTERM EXIT; echo 1 > f; (cat f); kill -INT $$; cat f""",
    r"""f() { echo in $1; }; trap 'f trap' EXIT; f body""",
    r"""trap 'echo outer' EXIT; (trap 'echo inner' EXIT; echo sub); echo main""",
    r"""trap 'echo outer' EXIT; (echo sub); x=$(echo cap); echo $x""",
    r"""trap 'echo err $?' ERR; false; true; false || true; (exit 3); echo end""",
    r"""trap 'echo a; echo b' EXIT; trap; trap -p EXIT; trap 'echo z' INT; trap -p""",
    r"""x=1; trap 'echo $x' EXIT; x=2; exit 7""",
    r"""trap "echo $x-now" EXIT; x=2""",
    r"""trap 'trap - EXIT; echo once; exit 1' EXIT; exit 0""",
    r"""trap 'echo got; false' TERM; kill $$; echo $?""",
    r"""trap 'echo sub $?' EXIT; set -u; echo $nope; echo dead""",
    r"""bash -c 'trap "echo bye" EXIT; exit 3'; echo $?; bash -c 'kill -TERM $$; echo no'; echo $?; bash -c 'kill -9 $$'; echo $?""",
    r"""kill -l TERM; kill -l 9; kill -l 143; kill -l INT HUP; kill -0 $$; echo $?; kill -0 999999 2>/dev/null; echo $?""",
    r"""trap 'echo nosig' NOSUCH 2>/dev/null; echo $?; trap - INT TERM; echo $?; trap 'echo hup' 1; kill -HUP $$; echo end""",
]

JOBS = [
    r"""echo bg & wait; echo fg""",
    r"""sleep 1000000 & p=$!; kill $p; wait $p; echo $?""",
    r"""sleep 1000000 & kill -0 $! && echo alive; kill -9 $!; wait $! 2>/dev/null; echo $?; kill -0 $! 2>/dev/null; echo $?""",
    r"""(exit 3) & wait $!; echo $?; true & wait; echo $?; wait; echo $?; wait 999999 2>/dev/null; echo $?""",
    r"""{ sleep 0.2; echo later; } & echo first; wait; echo last""",
    r"""(sleep 0.2; echo two) & (sleep 0.1; echo one) & wait; echo three""",
    r"""x=1; { x=2; } & wait; echo $x; f() { echo "job $1"; }; f a & wait $!""",
    r"""for i in 3 1 2; do (sleep 0.$i; echo $i) & done; wait; echo done""",
    r"""for i in 1 2 3; do (exit $i) & pids="$pids $!"; done; for p in $pids; do wait $p; echo $?; done""",
    r"""(trap 'echo trapped; exit 4' TERM; while :; do sleep 0.05; done) & sleep 0.2; kill $!; wait $!; echo $?""",
    r"""while :; do sleep 0.05; done & p=$!; sleep 0.2; kill $p; wait $p 2>/dev/null; echo $?""",
    r"""(sleep 0.1; echo 1 > f) & while [ ! -e f ]; do sleep 0.02; done; echo seen; wait""",
    r"""sleep 0.1 | cat & wait; echo $?; echo a | cat & wait""",
    r"""true & false & wait; echo $?; [ -n "$!" ] && echo pid""",
    r"""(sleep 0.1; kill -USR1 $$) & trap 'echo usr1' USR1; wait; echo "interrupted $?"; wait; echo $?""",
    r"""trap 'kill $p; echo cleanup' EXIT; sleep 1000 & p=$!; echo started; sleep 0.1""",
    r"""(sleep 0.1; kill $$) & sleep 5; echo never""",
    r"""timeout 0.1 sleep 5; echo $?; timeout 5 true; echo $?; timeout 5 sh -c 'exit 3'; echo $?""",
    r"""timeout 0.1 bash -c 'trap "echo got term" TERM; sleep 5; echo after'; echo $?""",
    r"""timeout -s INT 0.1 bash -c 'trap "echo zero" SIGINT SIGTERM EXIT; echo start; sleep 1000000'; echo $?""",
    r"""timeout -s KILL 0.1 bash -c 'trap "echo no" EXIT; sleep 5'; echo $?; timeout --preserve-status 0.1 sleep 5; echo $?""",
    r"""timeout 0.1 bash -c 'trap "echo bye" EXIT; sleep 5; echo never'; echo $?""",
    r"""cat /dev/null & wait $!; jobs; echo $?; sleep 100 & jobs -p > f; wc -l < f; kill %1; wait; echo end""",
    r"""sleep 1000 & disown 2>/dev/null; kill $!; echo $?""",
    r"""echo start; sleep 0.1 & pid=$!; while kill -0 $pid 2>/dev/null; do sleep 0.05; done; echo gone""",
    r"""bash -c 'sleep 0.1; echo child' & wait; (sleep 0.1 & wait; echo nested)""",
]

MIXED = [
    'x="a  b"; echo $x "$x"; set -- $x; echo $# "$2"',
    "x=a.tar.gz; echo ${x%.*} ${x%%.*} ${x#*.} ${x##*.} ${#x} ${x/a/b} ${x//a/b} ${x:2:3} ${x: -2}",
    "unset u; echo ${u:-d} ${u-d} ${u:+s}${u=set} $u ${u:+s}",
    'f() { local v=1; v=$((v+1)); echo "$v $1 $#"; return 5; }; v=9; f a b; echo $? $v',
    "for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done; while true; do break; done; echo $?",
    'case abc in a?c) echo one;; *) echo two;; esac; case x in "?") echo no;; [xy]) echo yes;; esac',
    'echo a | { read x; echo "<$x>"; }; echo "b c d" | { read x y; echo "$y-$x"; }',
    "set -e; (false) || echo kept; if false; then :; fi; ! true; echo here; false; echo never",
    "set -o pipefail; false | true; echo $?; true | true; echo $? ${PIPESTATUS[0]}${PIPESTATUS[1]}",
    "trap 'echo bye $?' EXIT; exit 3",
    "trap 'echo bye' EXIT; (exit 4); echo $?",
    'cat <<E\n$((1+1)) $(echo sub) \\$x\nE\ncat <<"E"\n$x\nE',
    'x=$(printf "a\\nb\\n\\n"); echo "$x" | wc -l; echo "[${x}]"',
    'printf "%5d|%-5s|%05.1f|%x|%c\\n" 42 ab 3.14159 255 xyz; printf "%s " a b c; echo',
    'echo -e "a\\tb\\x41\\101" -n; echo -n x; echo -E "\\t"',
    'a=(1 2 "3 4"); a[3]=z; a+=(y); echo "${a[2]}" ${#a[@]}; printf "<%s>" "${a[@]:1:2}" "${a[@]/z/Q}"',
    "[[ abc == a* && ! x < a ]] && echo t; [[ abc =~ ^a(.)c$ ]] && echo ${BASH_REMATCH[1]}",
    '[ a = a -a ! b = c ] && echo t; test -n "" || echo f; [ 3 -gt 2 -o 1 -gt 2 ]; echo $?',
    "x=5; (( x > 3 && x < 9 )) && echo in; ((x++)); echo $x; let y=x*2; echo $y",
    "for ((i=0, j=9; i<3; i++, j--)); do echo $i$j; done",
    "i=3; until (( i == 0 )); do echo $((i--)); done",
    "echo {a,b}{1..2} x{,y} {3..1}",
    "echo 'single $x' \"double \\$x\" $'ansi\\n'",
    'IFS=:; p=a:b::c; for x in $p; do echo "<$x>"; done',
    'eval "x=1; echo \\$x"; g() { echo ${FUNCNAME:-g}; }; type -t g; command -v echo',
    "x=1; (x=2; echo $x); echo $x; { x=3; }; echo $x",
    "echo out; echo err >&2; echo both 2>&1 >/dev/null; { echo a; echo b; } | tail -1",
    "set -u; echo ${nope:-d}; echo $nope; echo no",
    "false || true && echo and; true && false || echo or; ! false; echo $?",
    'x=abc; echo ${x^^} ${x^} ${x,,}; y=; echo "${y:-e}" "${y-n}"',
    "shift_all() { while [ $# -gt 0 ]; do echo $1; shift; done; }; shift_all a b c",
    'x="*"; echo "$x" "a*b"; y=\'a\\nb\'; echo $y',
    'read a b <<< "1 2 3"; echo "$b/$a"; while read -r l; do echo "[$l]"; done < <(echo p; echo q)',
    "exit 300", "return 2>/dev/null; echo after $?", 'set -- a b c; echo "${@:2}" ${@:1:1} "${@#b}"', "nosuch=1 true; echo ${nosuch-unset}",
    "x=1 y=$x; echo $y; x+=2; echo $x", "echo $((0x10 + 010 + 2#101)) $((7/2)) $((-7%3)) $((1?2:3))",
    "echo $(( 1 << 62 )) $(( 9223372036854775807 + 1 )) $((2**10)) $((~5)) $((!0))",
    'seq 3 | sort -rn; echo "b a" | tr " " "\\n" | sort | uniq -c | sed "s/^ *//"',
    'echo "a:b:c" | cut -d: -f2,3; printf "x\\ny\\n" | grep -c .; echo foo | sed -n "s/o/0/gp"',
    'printf "1\\n2\\n3\\n" | sed -n "2p;/3/p"; printf "1\\n2\\n3\\n" | sed 2d; seq 5 | tail -n +4',
]  # fmt: skip

TOPICS = {
    "quoting": QUOTING, "parameters": PARAMETERS, "control": CONTROL, "conditions": CONDITIONS,
    "arithmetic": ARITHMETIC, "redirection": REDIRECTION, "options": OPTIONS, "traps": TRAPS,
    "jobs": JOBS, "mixed": MIXED,
}  # fmt: skip
