/* How a fact of QNX's pages is asserted, in C and in C++.
 *
 * The files beside this one say once more, by hand, what the pages say: each includes only the
 * header that the pages name. A prototype is asserted by declaring the function again, which is an
 * error if the two differ. "Own" marks what the pages leave open.
 * SPDX-License-Identifier: MIT OR Apache-2.0 */

#include <assert.h>
#include <stddef.h>
#ifdef __cplusplus
#include <type_traits>
#define SAME(a, ...) std::is_same<__typeof__(a), __typeof__(__VA_ARGS__)>::value
#else
#define SAME(a, ...) __builtin_types_compatible_p(__typeof__(a), __typeof__(__VA_ARGS__))
#endif

/* A structure's size; a field's offset and type; a value; a type; a function of the header itself. */
#define SIZE(type, size) static_assert(sizeof(type) == (size), "sizeof " #type)
#define FIELD(type, field, offset, ...) \
	static_assert(offsetof(type, field) == (offset), #type "." #field ": its offset"); \
	static_assert(SAME(((type *)0)->field, __VA_ARGS__), #type "." #field ": its type")
#define IS(name, value) static_assert((name) == (value), #name)
#define TYPE(name, ...) static_assert(SAME(name, __VA_ARGS__), #name)
#define INLINE(name, ...) static_assert(SAME(&(name), __VA_ARGS__), #name)

#ifdef __cplusplus
#define FACTS_BEGIN extern "C" {
#define FACTS_END }
#else
#define FACTS_BEGIN
#define FACTS_END
#endif
