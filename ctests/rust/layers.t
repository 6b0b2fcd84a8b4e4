#!/usr/bin/env perl
# The structure of the sources, as TAP: no file imports a file that imports it, directly or through
# others, and each folder of src imports only those below it in ARCHITECTURE.md's picture.
# Re-exports count as what they re-export. Tests are left out.
# SPDX-License-Identifier: MIT OR Apache-2.0
use strict;
use warnings;
use FindBin;
use File::Find;
use File::Temp qw(tempdir);

chdir "$FindBin::Bin/../.." or die $!;
my ($count, $failed) = (0, 0);

sub check {
	my ($name, @problems) = @_;
	$count++;
	$failed++ if @problems;
	print @problems ? 'not ' : '', "ok $count - $name\n", map { "#   $_\n" } @problems;
}

# The source files of a crate by the path of their module.
sub modules {
	my ($root, %file) = @_;
	find({ no_chdir => 1, wanted => sub {
		return if !/\.rs$/ || m{/(tests|loom)/|/tests\.rs$};
		(my $module = $_) =~ s{^\Q$root\E/|\.rs$}{}g;
		$module =~ s{(^|/)(mod|lib|main)$}{};
		$file{ join '::', 'crate', split m{/}, $module } = $_;
	} }, $root);
	return %file;
}

# a::{b, c::{self, d}} as a::b, a::c, a::c::d
sub flatten {
	my ($tree) = @_;
	$tree =~ s/\s+as\s+\w+|\s//g;
	return $tree =~ s/::self$//r unless $tree =~ /^([\w:]*?)(?:::)?\{(.*)\}$/s;
	my ($prefix, $inner, $depth, @parts) = ($1, $2, 0, '');
	for my $char (split //, $inner) {
		$depth++ if $char eq '{';
		$depth-- if $char eq '}';
		if ($char eq ',' && !$depth) { push @parts, '' } else { $parts[-1] .= $char }
	}
	return map { flatten($prefix eq '' ? $_ : "${prefix}::$_") } grep { $_ ne '' } @parts;
}

# The paths that a module names, absolute, each with whether it is re-exported.
sub paths {
	my ($module, $file, $modules) = @_;
	open my $in, '<', $file or die "$file: $!";
	my $text = do { local $/; <$in> };
	$text =~ s{'"'|"(?:\\[\s\S]|[^"\\])*"|//.*|\(in [\w:]+\)}{}g;
	$text =~ s/^#\[cfg\(test\)\]\s*mod \w+ \{.*?^\}//gms;
	my @found;
	push @found, map { [$_, defined $1] } flatten($2) while $text =~ /^\s*(pub\S*\s+)?use\s+([^;]+);/mg;
	push @found, [$1, 0] while $text =~ /\b((?:crate|super)(?:::\w+)+)/g;
	for (@found) {
		$_->[0] =~ s/^self(?=::)/$module/;
		if ($_->[0] =~ s/^super(?=::)//) {
			my $parent = $module =~ s/::\w+$//r;
			$parent =~ s/::\w+$// while $_->[0] =~ s/^::super(?=::)//;
			$_->[0] = $parent . $_->[0];
		}
		my ($first) = $_->[0] =~ /^(\w+)/;
		$_->[0] = "${module}::$_->[0]" if $modules->{"${module}::$first"};
	}
	return grep { $_->[0] =~ /^crate\b/ } @found;
}

# The module that has what a path names, re-exports followed.
sub owner {
	my ($path, $modules, $exports, $depth) = @_;
	my $module = $path;
	my $rest;
	($module, $rest) = ($1, $2) while !$modules->{$module} && $module =~ /^(.*)::(\w+)$/;
	my $target = defined $rest && $exports->{$module}{$rest};
	return $target && ($depth // 0) < 9 ? owner($target, $modules, $exports, ($depth // 0) + 1) : $module;
}

sub graph {
	my %modules = modules(@_);
	my (%named, %exports, %graph);
	for my $module (keys %modules) {
		$named{$module} = [paths($module, $modules{$module}, \%modules)];
		for (grep { $_->[1] } @{ $named{$module} }) {
			$exports{$module}{$1} = $_->[0] if $_->[0] =~ /(\w+)$/;
		}
	}
	for my $module (keys %modules) {
		$graph{$module} = { map { $_ => 1 } grep { $_ ne $module }
			map { owner($_->[0], \%modules, \%exports) } @{ $named{$module} } };
	}
	return (\%graph, \%modules);
}

sub circles {
	my ($graph) = @_;
	my (%state, @path, @circles);
	my $visit;
	$visit = sub {
		my ($module) = @_;
		$state{$module} = 1;
		push @path, $module;
		for my $next (sort keys %{ $graph->{$module} }) {
			if (!$state{$next}) {
				$visit->($next);
			} elsif ($state{$next} == 1) {
				my ($start) = grep { $path[$_] eq $next } 0 .. $#path;
				push @circles, join ' -> ', @path[$start .. $#path], $next;
			}
		}
		pop @path;
		$state{$module} = 2;
	};
	$state{$_} || $visit->($_) for sort keys %$graph;
	return @circles;
}

# The folders of src from top to bottom: the first words of the lines of the picture.
open my $architecture, '<', 'ARCHITECTURE.md' or die $!;
my ($picture) = join('', <$architecture>) =~ /<!-- layers.*?```text\n(.*?)```/s;
my @layers = $picture =~ /^  (\w+)/mg;
my %height = map { $layers[$_] => @layers - $_ } 0 .. $#layers;

# The imports of a tree that go up, by the folder that they start from.
sub upward {
	my ($graph, $modules) = @_;
	my %up;
	for my $module (sort keys %$graph) {
		my ($here) = $module =~ /^crate::(\w+)/ or next;
		for my $target (sort keys %{ $graph->{$module} }) {
			my ($there) = $target =~ /^crate::(\w+)/;
			push @{ $up{$here} }, "$modules->{$module} imports $modules->{$target}"
				if $there && ($height{$there} // 0) > ($height{$here} // 0);
		}
	}
	return %up;
}

# A copy of src with a line more in one file.
sub planted {
	my ($file, $line) = @_;
	my $copy = tempdir(CLEANUP => 1);
	system('cp', '-r', 'src', $copy) == 0 or die;
	open my $out, '>>', "$copy/src/$file" or die $!;
	print $out $line;
	close $out;
	return graph("$copy/src");
}

my ($graph, $modules) = graph('src');
my %top = map { /^crate::(\w+)/ ? ($1 => 1) : () } keys %$graph;
check('the picture has the folders of src', map { "$_ is not in both" } grep { !($height{$_} && $top{$_}) } sort keys %{ { %height, %top } });
my %up = upward($graph, $modules);
check("$_ imports only what is below it", @{ $up{$_} // [] }) for @layers;
my %found = upward(planted('value/range.rs', "\nfn planted() {\n    use crate::{error::Error};\n}\n"));
check('a planted import that goes up is found', $found{value} ? () : 'it is not');
check('a planted circle is found', circles(planted('value/range.rs', "\nuse super::region::Region;\n")) ? () : 'it is not');
check('no file of src imports a file that imports it', circles($graph));
for my $crate (qw(vm/src vdev/src safe/src memory/src text/src bench/src)) {
	my ($other) = graph($crate);
	check("no file of $crate imports a file that imports it", circles($other));
}
print "1..$count\n";
exit($failed != 0);
